import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { MessageTypes } from '#proto/load.ts';
import type { BodyMode, ModeChange } from '../processor/results.ts';
import { bodyFlow, type StreamFlow } from './decode-request.ts';
import { enums } from './enums.ts';
import { InvalidResult } from './invalid-result.ts';

type ProcessingMode = MessageInitShape<
  GenMessage<MessageTypes['envoy.extensions.filters.http.ext_proc.v3.ProcessingMode']>
>;

const KEYS = ['requestBody', 'requestTrailers', 'responseHeaders', 'responseBody', 'responseTrailers'];

/**
 * Gives the `ProcessingMode` of a change, whole: Envoy takes it in place of the one it has.
 * Throws `InvalidResult` on an unknown key or mode.
 */
export function modeOverride(change: ModeChange): ProcessingMode {
  for (const key of Object.keys(change)) {
    if (!KEYS.includes(key)) throw new InvalidResult(`mode has ${key}; accepted are ${KEYS.join(', ')}`);
  }
  const { SEND, SKIP } = enums().headerSendMode;
  return {
    requestBodyMode: sendMode(change.requestBody),
    responseBodyMode: sendMode(change.responseBody),
    requestTrailerMode: change.requestTrailers === true ? SEND : SKIP,
    responseHeaderMode: change.responseHeaders === false ? SKIP : SEND,
    responseTrailerMode: change.responseTrailers === true ? SEND : SKIP,
  };
}

/** How the bodies come after a change. */
export function changedFlow(change: ModeChange): StreamFlow {
  return { request: bodyFlow(sendMode(change.requestBody)), response: bodyFlow(sendMode(change.responseBody)) };
}

function sendMode(mode: BodyMode | undefined) {
  const { NONE, STREAMED, BUFFERED, BUFFERED_PARTIAL, FULL_DUPLEX_STREAMED } = enums().bodySendMode;
  switch (mode) {
    case undefined:
    case 'none':
      return NONE;
    case 'streamed':
      return STREAMED;
    case 'buffered':
      return BUFFERED;
    case 'bufferedPartial':
      return BUFFERED_PARTIAL;
    case 'fullDuplexStreamed':
      return FULL_DUPLEX_STREAMED;
    default:
      mode satisfies never;
      throw new InvalidResult(
        `mode has body ${String(mode)}; accepted are none, streamed, buffered, bufferedPartial, fullDuplexStreamed`,
      );
  }
}
