import type { Logger } from 'pino';
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { Health } from './reflector.ts';

/** A server that answers one request and refuses the next is not asked by all again and again. Milliseconds. */
const BETWEEN = 5_000;

/**
 * Logs what does not work with an API server: each trouble once, for all that it concerns, and its end. When one request is
 * answered again, all that wait try again at once: after a long outage each would find out by itself only many seconds later.
 */
export function apiHealth(
  log: Pick<Logger, 'info' | 'warn' | 'debug'>,
  clock: Pick<Clock, 'now'> = systemClock,
): Required<Health> & { readonly failing: () => ReadonlyMap<string, string> } {
  const failing = new Map<string, string>();
  const waiting = new Set<() => void>();
  let recoveredAt = -BETWEEN;
  return {
    failing: () => failing,
    onRecovery: (retry) => {
      waiting.add(retry);
      return () => waiting.delete(retry);
    },
    fine: (what) => {
      if (!failing.delete(what)) return;
      if (failing.size === 0) log.info('the API server answers again');
      if (clock.now() - recoveredAt < BETWEEN) return;
      recoveredAt = clock.now();
      const all = [...waiting];
      waiting.clear();
      for (const retry of all) retry();
    },
    failed: (what, message, retryIn) => {
      const isNews = ![...failing.values()].includes(message);
      failing.set(what, message);
      const fields = { what, reason: message, retryInMs: Math.round(retryIn) };
      if (isNews)
        log.warn(
          fields,
          'the API server does not answer as wished; what is known stays in force, and it is tried again',
        );
      else log.debug(fields, 'the API server does not answer as wished');
    },
  };
}
