import type { Logger } from 'pino';
import { rawMethod, type RawStream } from '../grpc/raw-method.ts';
import type { GrpcService } from '../grpc/unix-server.ts';
import { failCall, ProcessingStream } from './processing-stream.ts';
import type { Select } from './selection.ts';

/** The service Envoy calls. */
export const EXT_PROC_SERVICE = 'envoy.service.ext_proc.v3.ExternalProcessor';

/** Serves `envoy.service.ext_proc.v3.ExternalProcessor`, each stream by the processor that `select` chooses for it. */
export function extProcService(select: Select, log: Logger): GrpcService {
  return {
    methods: { process: rawMethod(`/${EXT_PROC_SERVICE}/Process`, 'bidi') },
    handlers: {
      process: (call: RawStream) => {
        const selection = select(call.metadata);
        switch (selection.kind) {
          case 'refused':
            log.error({ reason: selection.details }, 'stream refused');
            failCall(call, selection.code, selection.details);
            return;
          case 'selected':
            new ProcessingStream(call, selection.processor, selection.policy, log).start();
            return;
          default:
            selection satisfies never;
        }
      },
    },
  };
}
