import type { HeaderMatchIr, RouteMatchIr } from '../ir/route.ts';
import { REFUSING } from './http-route.ts';
import type { HttpCore } from './route-core.ts';

/** A route for the host names of which another one is served: all that it matches is answered with 500. */
export function closedForAnother(core: HttpCore): HttpCore {
  return closing(core, (match) => match);
}

/**
 * The same on host names that a route of the other kind serves: of a GRPCRoute the calls of its methods are closed, of an
 * HTTPRoute what is no call; the rest is the other's. `names` are those that it is for, where the other's are wider; none for
 * all of them.
 */
export function closedForItsKind(core: HttpCore, names: readonly string[]): HttpCore {
  const host: readonly HeaderMatchIr[] = names.length === 0 ? [] : [hostMatch(names)];
  const isCall = core.route.kind === 'GRPCRoute';
  const type: HeaderMatchIr = { kind: isCall ? 'regex' : 'except', name: 'content-type', value: CALL_TYPE };
  return closing(core, (match) => {
    const { call: _, ...rest } = match;
    const ranked = isCall ? rest : { ...rest, call: BEFORE_CALLS };
    return { ...ranked, headers: [...match.headers, type, ...host] };
  });
}

/**
 * The content type of gRPC over HTTP/2 and of gRPC-Web, whatever comes after it; of several headers, which are put together
 * with commas, any.
 */
const CALL_TYPE = '(?i).*application/grpc.*';

function closing(core: HttpCore, matchOf: (match: RouteMatchIr) => RouteMatchIr): HttpCore {
  const refused = core.refused ?? { reason: 'HostnameConflict', message: 'another route has its host names' };
  const rules = core.rules.map((rule) => ({ ...rule, ...REFUSING, matches: rule.matches.map(matchOf) }));
  return { ...core, refused, rules };
}

/** Requests for one of these host names, with a port or without. */
function hostMatch(names: readonly string[]): HeaderMatchIr {
  const patterns = names.map((name) => name.replaceAll('.', String.raw`\.`).replace('*', '.+'));
  return { kind: 'regex', name: ':authority', value: `(?i)(?:${patterns.join('|')})(?::.*)?` };
}

/**
 * Where a match of what is no call is among those of calls: before all of them, from which it takes nothing. Behind one without a
 * method, say, its requests would pass as if they were calls.
 */
const BEFORE_CALLS = { service: Number.MAX_SAFE_INTEGER, method: 0 } as const;
