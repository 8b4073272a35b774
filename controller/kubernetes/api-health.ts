import type { Logger } from 'pino';
import type { Health } from './reflector.ts';

/** Logs what does not work with an API server: each trouble once, for all that it concerns, and its end. */
export function apiHealth(log: Logger): Health & { readonly failing: () => ReadonlyMap<string, string> } {
  const failing = new Map<string, string>();
  return {
    failing: () => failing,
    fine: (what) => {
      if (failing.delete(what) && failing.size === 0) log.info('the API server answers again');
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
