import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, HttpConnection } from './http-connection.ts';

/** How often it is asked. Milliseconds. */
const POLL = 5;

/** What to ask for, and how an answer is told to be the one. */
export interface Awaited {
  /** 127.0.0.1 where absent. */
  readonly address?: string;
  readonly port: number;
  readonly host: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly is: (answer: Answer) => boolean;
  /** How many such answers in a row it takes, where one can be chance; 1 where absent. */
  readonly inARow?: number;
  /** The most to wait, milliseconds. */
  readonly within: number;
}

/**
 * Asks every 5 ms until the answer is the awaited one, and gives the time at which the first of them in a row came
 * (`performance.now()`). Failures to connect are answers that are not the one. Throws when it takes too long.
 */
export async function untilAnswer({
  address,
  port,
  host,
  path = '/',
  headers,
  is,
  inARow = 1,
  within,
}: Awaited): Promise<number> {
  const connection = new HttpConnection(port, Math.min(within, 10_000), false, address);
  const end = performance.now() + within;
  let count = 0;
  let first = 0;
  let last = 'none';
  try {
    for (;;) {
      const asked = performance.now();
      if (asked > end) throw new Error(`no new answer from ${host}${path} within ${within} ms; the last: ${last}`);
      const answer = await connection.get(host, path, headers).catch((error: unknown) => {
        last = String(error);
        return undefined;
      });
      const now = performance.now();
      if (answer !== undefined) last = `${answer.status} ${answer.body.slice(0, 100)}`;
      if (answer !== undefined && is(answer)) {
        if (count === 0) first = now;
        count += 1;
        if (count >= inARow) return first;
      } else {
        count = 0;
      }
      const rest = asked + POLL - now;
      if (rest > 0) await sleep(rest);
    }
  } finally {
    connection.close();
  }
}
