import type { Logger } from 'pino';
import type { MessageStream } from '../grpc/message-stream.ts';
import type { GrpcService } from '../grpc/unix-server.ts';
import { ProcessingStream } from './processing-stream.ts';
import type { Select } from './selection.ts';

/** The service Envoy calls. */
export const EXT_PROC_SERVICE = 'envoy.service.ext_proc.v3.ExternalProcessor';

/** Serves `envoy.service.ext_proc.v3.ExternalProcessor`, each stream by the processor that `select` chooses for it. */
export function extProcService(select: Select, log: Logger): GrpcService {
  const open = (stream: MessageStream): void => {
    const selection = select(stream.metadata);
    switch (selection.kind) {
      case 'refused':
        log.error({ reason: selection.details }, 'stream refused');
        stream.fail(selection.code, selection.details);
        return;
      case 'selected':
        new ProcessingStream(stream, selection.processor, selection.policy, log).start();
        return;
      default:
        selection satisfies never;
    }
  };
  return { [`/${EXT_PROC_SERVICE}/Process`]: { kind: 'stream', open } };
}
