import type { GRPCMethodMatch, GRPCRouteMatch } from '#controller/api/gen/types.d.ts';
import type { PathMatchIr, RouteMatchIr } from '../ir/route.ts';
import { regexProblem } from '../regex/problem.ts';
import { headersIr } from './http-match.ts';

/** A match of calls as one of requests: a call of a method is a POST to `/<service>/<method>` (gRPC over HTTP/2). */
export function grpcMatchIr({ method, headers = [] }: GRPCRouteMatch): RouteMatchIr {
  return {
    path: pathOf(method),
    method: undefined,
    headers: headersIr(headers),
    query: [],
    call: { service: method?.service?.length ?? 0, method: method?.method?.length ?? 0 },
  };
}

/** Why a match is none that a proxy takes: "matches: ...", or `undefined`. */
export function grpcMatchProblem({ method, headers = [] }: GRPCRouteMatch): string | undefined {
  const written = [method?.service ?? '', method?.method ?? ''].filter((value) => value !== '');
  const ofMethod = method?.type === 'RegularExpression' ? written : [];
  const patterns = [
    ...ofMethod.map((value) => ({ field: 'method', value })),
    ...headers
      .filter(({ type }) => type === 'RegularExpression')
      .map(({ name, value }) => ({ field: `header ${name}`, value })),
  ];
  for (const { field, value } of patterns) {
    const problem = regexProblem(value);
    if (problem !== undefined) return `matches: ${field}: found ${problem}`;
  }
  return undefined;
}

/** A missing or empty service or method is any (Gateway API, `GRPCMethodMatch`). */
function pathOf(match: GRPCMethodMatch | undefined): PathMatchIr {
  const service = match?.service ?? '';
  const method = match?.method ?? '';
  if (match === undefined || (service === '' && method === '')) return { kind: 'prefix', value: '/' };
  switch (match.type) {
    case 'Exact':
      if (method === '') return { kind: 'prefix', value: `/${service}` };
      if (service === '') return { kind: 'regex', value: `/[^/]+/${method}` };
      return { kind: 'exact', value: `/${service}/${method}` };
    case 'RegularExpression':
      return { kind: 'regex', value: `/${pattern(service)}/${pattern(method)}` };
    default:
      return match.type satisfies never;
  }
}

function pattern(text: string): string {
  return text === '' ? '[^/]+' : `(?:${text})`;
}
