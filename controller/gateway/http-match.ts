import type { HTTPCookieMatch, HTTPPathMatch, HTTPRouteMatch } from '#controller/api/gen/types.d.ts';
import type { PathMatchIr, RouteMatchIr, ValueMatchIr } from '../ir/route.ts';
import { regexProblem } from '../regex/problem.ts';
import { decodeUnreserved } from '../resources/path.ts';

/** A match as the gateway-neutral model has it. Of several entries for one name the first counts (Gateway API). */
export function matchIr(match: HTTPRouteMatch): RouteMatchIr {
  return {
    path: pathIr(match.path),
    method: match.method,
    headers: headersIr(match.headers ?? []),
    query: firstOfName(match.queryParams ?? []),
  };
}

/** Why a match is none that a proxy takes: "matches: ...", or `undefined`. */
export function matchProblem({ path, headers = [], queryParams = [] }: HTTPRouteMatch): string | undefined {
  const patterns = [
    { field: 'path', ...path },
    ...headers.map((header) => ({ field: `header ${header.name}`, ...header })),
    ...queryParams.map((parameter) => ({ field: `query parameter ${parameter.name}`, ...parameter })),
  ];
  for (const { field, type, value } of patterns) {
    const problem = type === 'RegularExpression' ? regexProblem(value) : undefined;
    if (problem !== undefined) return `matches: ${field}: found ${problem}`;
  }
  return undefined;
}

/** Matches that ask for the cookies of one of `alternatives`, too; those of filters are of the rule's (HTTPRouteFilter). */
export function withCookies(
  matches: readonly RouteMatchIr[],
  alternatives: readonly (readonly HTTPCookieMatch[])[],
): readonly RouteMatchIr[] {
  if (alternatives.length === 0) return matches;
  return matches.flatMap((match) => alternatives.map((cookies) => ({ ...match, cookies: firstOfName(cookies) })));
}

function pathIr({ type, value }: HTTPPathMatch): PathMatchIr {
  switch (type) {
    case 'Exact':
      return { kind: 'exact', value: decodeUnreserved(value) };
    case 'PathPrefix':
      return { kind: 'prefix', value: decodeUnreserved(value) };
    case 'RegularExpression':
      return { kind: 'regex', value };
    default:
      return type satisfies never;
  }
}

/** Headers that a match asks for; their names are the same in any case. */
export function headersIr(headers: readonly NamedValue[]): readonly ValueMatchIr[] {
  return firstOfName(headers.map((header) => ({ ...header, name: header.name.toLowerCase() })));
}

type NamedValue = { readonly type: 'Exact' | 'RegularExpression'; readonly name: string; readonly value: string };

function firstOfName(entries: readonly NamedValue[]): ValueMatchIr[] {
  const first = new Map<string, ValueMatchIr>();
  for (const { type, name, value } of entries) {
    if (!first.has(name)) first.set(name, { kind: type === 'Exact' ? 'exact' : 'regex', name, value });
  }
  return [...first.values()];
}
