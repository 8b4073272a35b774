import type { HTTPFilter } from '#controller/api/gen/types.d.ts';
import type { CorsIr } from '../ir/cors.ts';
import type { RouteMatchIr } from '../ir/route.ts';

/** The filter of type CORS among those of a rule (Gateway API, `HTTPCORSFilter`, GEP-1767). */
export function corsOf(filters: readonly HTTPFilter[]): CorsIr | undefined {
  const cors = filters.find((filter) => filter.cors !== undefined)?.cors;
  if (cors === undefined) return undefined;
  return {
    allowOrigins: cors.allowOrigins ?? [],
    allowMethods: cors.allowMethods ?? [],
    allowHeaders: cors.allowHeaders ?? [],
    exposeHeaders: cors.exposeHeaders ?? [],
    maxAge: cors.maxAge,
    allowCredentials: cors.allowCredentials ?? false,
  };
}

/**
 * What a preflight request for a match looks like when the match wants another method: without it, no browser would ever be
 * answered. `undefined` where the match lets preflights through as it is.
 */
export function preflightMatch(match: RouteMatchIr): RouteMatchIr | undefined {
  if (match.method === undefined || match.method === 'OPTIONS') return undefined;
  const present = (name: string) => ({ kind: 'regex', name, value: '.+' }) as const;
  const headers = [...match.headers, present('origin'), present('access-control-request-method')];
  return { ...match, method: 'OPTIONS', headers };
}
