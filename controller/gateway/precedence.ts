import type { PathMatchIr, RouteMatchIr } from '../ir/route.ts';

/** What decides between two matches that both fit a request. */
export interface Ranked {
  readonly match: RouteMatchIr;
}

/**
 * Orders matches by precedence, most specific first: exact path, then regular expression, then prefix; among prefixes the
 * longer; then a method; then more headers; then more query parameters; then more cookies. Equals keep their order, which is
 * that of the routes' age and name and of the rules within a route (Gateway API, `HTTPRouteRule.matches`; the place of
 * regular expressions is left to implementations).
 */
export function byPrecedence(a: Ranked, b: Ranked): number {
  const [one, other] = [a.match.call, b.match.call];
  if (one !== undefined && other !== undefined) {
    // Gateway API, `GRPCRouteRule.matches`.
    return (
      other.service - one.service ||
      other.method - one.method ||
      b.match.headers.length - a.match.headers.length ||
      (b.match.cookies?.length ?? 0) - (a.match.cookies?.length ?? 0)
    );
  }
  return (
    pathRank(a.match.path) - pathRank(b.match.path) ||
    b.match.path.value.length - a.match.path.value.length ||
    Number(b.match.method !== undefined) - Number(a.match.method !== undefined) ||
    b.match.headers.length - a.match.headers.length ||
    b.match.query.length - a.match.query.length ||
    (b.match.cookies?.length ?? 0) - (a.match.cookies?.length ?? 0)
  );
}

function pathRank(path: PathMatchIr): 0 | 1 | 2 {
  switch (path.kind) {
    case 'exact':
      return 0;
    case 'regex':
      return 1;
    case 'prefix':
      return 2;
    default:
      return path satisfies never;
  }
}
