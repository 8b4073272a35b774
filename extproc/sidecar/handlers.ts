import { status } from '@grpc/grpc-js';
import type { Processor } from '../processor/define-processor.ts';
import { metadataValue, type Select } from '../stream/selection.ts';
import { ping } from './ping.ts';

/** What the sidecar itself does to requests, by the name Envoy states. */
export type Handlers = ReadonlyMap<string, Processor>;

/** The key of the initial metadata that names the handler. */
export const HANDLER_KEY = 'sluice-handler';

/** The handlers that are built in. */
export const builtInHandlers: Handlers = new Map([['ping', ping]]);

/** The key of the initial metadata that names what the handler is to work by, where it needs that. */
export const POLICY_KEY = 'sluice-policy';

/** Chooses the handler that `sluice-handler` names. A missing or unknown name fails the stream, never opens. */
export function selectHandler(handlers: Handlers): Select {
  return (metadata) => {
    const name = metadataValue(metadata, HANDLER_KEY);
    const accepted = [...handlers.keys()].join(', ');
    if (name.kind !== 'one') {
      const found = name.kind === 'absent' ? 'no' : 'more than one';
      const details = `${found} ${HANDLER_KEY} in the initial metadata; accepted is one of ${accepted}`;
      return { kind: 'refused', code: status.FAILED_PRECONDITION, details };
    }
    const processor = handlers.get(name.value);
    if (processor === undefined) {
      const details = `${HANDLER_KEY} is ${JSON.stringify(name.value)}; accepted is one of ${accepted}`;
      return { kind: 'refused', code: status.FAILED_PRECONDITION, details };
    }
    const policy = metadataValue(metadata, POLICY_KEY);
    return { kind: 'selected', processor, policy: policy.kind === 'one' ? policy.value : undefined };
  };
}
