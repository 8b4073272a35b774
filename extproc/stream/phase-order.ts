import type { PhaseMessage } from '../processor/phases.ts';

type Stage = 'start' | 'headers' | 'body' | 'over';

interface Direction {
  readonly name: 'request' | 'response';
  stage: Stage;
}

/**
 * Checks that the messages of one stream come in an order HTTP has.
 *
 * Any phase may be missing, since the processing mode may skip it, and the body of a request may still come while its
 * response does. Refused are: headers a second time or after what follows them, headers of a request after any part of
 * its response, and anything after the end.
 */
export class PhaseOrder {
  readonly #request: Direction = { name: 'request', stage: 'start' };
  readonly #response: Direction = { name: 'response', stage: 'start' };

  /** Takes the next message; gives what is wrong with its place, or `undefined` when it is in order. */
  next(message: PhaseMessage): string | undefined {
    switch (message.kind) {
      case 'requestHeaders':
        if (this.#response.stage !== 'start') return 'headers of the request after a part of its response';
        return headers(this.#request, message.endOfStream);
      case 'responseHeaders':
        return headers(this.#response, message.endOfStream);
      case 'requestBody':
        return body(this.#request, message.endOfStream);
      case 'responseBody':
        return body(this.#response, message.endOfStream);
      case 'requestTrailers':
        return trailers(this.#request);
      case 'responseTrailers':
        return trailers(this.#response);
      default:
        return message satisfies never;
    }
  }
}

function headers(direction: Direction, end: boolean): string | undefined {
  if (direction.stage === 'headers') return `headers of the ${direction.name} a second time`;
  if (direction.stage !== 'start') return `headers of the ${direction.name} after its body or trailers`;
  direction.stage = end ? 'over' : 'headers';
  return undefined;
}

function body(direction: Direction, end: boolean): string | undefined {
  if (direction.stage === 'over') return `body of the ${direction.name} after its end`;
  direction.stage = end ? 'over' : 'body';
  return undefined;
}

function trailers(direction: Direction): string | undefined {
  if (direction.stage === 'over') return `trailers of the ${direction.name} after its end`;
  direction.stage = 'over';
  return undefined;
}
