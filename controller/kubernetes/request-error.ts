import type { ApiAnswer } from './api-server.ts';
import { statusMessage } from './resource-path.ts';

/** A request that an API server did not answer as wished; a bug where it is anything else that is thrown. */
export class RequestError extends Error {
  /** How long the server asks to be left alone, in milliseconds; 0 where it does not. */
  readonly retryAfter: number;

  constructor({ status, body, retryAfter }: ApiAnswer, what: string) {
    super(`${what}: ${status} ${statusMessage(body) ?? ''}`.trimEnd());
    this.retryAfter = retryAfter ?? 0;
  }
}

/** For how long whoever was answered so asks to be left alone, in milliseconds; 0 where nobody does. */
export function askedPause(error: unknown): number {
  return error instanceof RequestError ? error.retryAfter : 0;
}
