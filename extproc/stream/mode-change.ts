import type { BodyMode, ModeChange } from '../processor/results.ts';
import type { BackwardWriter } from '../wire/backward-writer.ts';
import { bodyFlow, type StreamFlow } from './decode-request.ts';
import { InvalidResult } from './invalid-result.ts';
import { BODY_SEND_MODE, HEADER_SEND_MODE } from './modes.ts';

const KEYS = ['requestBody', 'requestTrailers', 'responseHeaders', 'responseBody', 'responseTrailers'];
/** Numbers of the fields of `ProcessingMode`. */
const FIELD = { responseHeaders: 2, requestBody: 3, responseBody: 4, requestTrailers: 5, responseTrailers: 6 } as const;

/**
 * Writes the `ProcessingMode` of a change as a field, whole: Envoy takes it in place of the one it has.
 * Throws `InvalidResult` on an unknown key or mode.
 */
export function writeMode(writer: BackwardWriter, field: number, change: ModeChange): void {
  for (const key of Object.keys(change)) {
    if (!KEYS.includes(key)) throw new InvalidResult(`mode has ${key}; accepted are ${KEYS.join(', ')}`);
  }
  const { SEND, SKIP } = HEADER_SEND_MODE;
  const mark = writer.mark;
  writer.number(FIELD.responseTrailers, change.responseTrailers === true ? SEND : SKIP);
  writer.number(FIELD.requestTrailers, change.requestTrailers === true ? SEND : SKIP);
  writer.number(FIELD.responseBody, sendMode(change.responseBody));
  writer.number(FIELD.requestBody, sendMode(change.requestBody));
  writer.number(FIELD.responseHeaders, change.responseHeaders === false ? SKIP : SEND);
  writer.message(field, mark);
}

/** How the bodies come after a change. */
export function changedFlow(change: ModeChange): StreamFlow {
  return { request: bodyFlow(sendMode(change.requestBody)), response: bodyFlow(sendMode(change.responseBody)) };
}

function sendMode(mode: BodyMode | undefined): number {
  const { NONE, STREAMED, BUFFERED, BUFFERED_PARTIAL, FULL_DUPLEX_STREAMED } = BODY_SEND_MODE;
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
