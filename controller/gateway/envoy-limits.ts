import { RE2JS, RE2JSException } from 're2js';
import type { HTTPFilter, HTTPPathModifier, HTTPRoute, HTTPRouteRule } from '#controller/api/gen/types.d.ts';
import type { Refusal } from '../resources/verdict.ts';

/**
 * The largest regular expression that is served, in instructions of RE2. Envoy is told a larger limit, since the count of
 * its RE2 may differ a little from ours.
 */
export const LARGEST_REGEX = 10_000;

/** A name of a header (RFC 9110 token). */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/u;
// Envoy refuses these three in any text of a route.
const FORBIDDEN_IN_TEXT = ['\0', '\n', '\r'];

/**
 * Why Envoy would refuse a route that the schema accepts, or `undefined`. Envoy takes or refuses the routes of a listener
 * together: one that it refuses would hold back all the others.
 */
export function beyondEnvoy(route: HTTPRoute): Refusal<'UnsupportedValue'> | undefined {
  for (const [index, rule] of route.spec.rules.entries()) {
    const problem = matchProblem(rule) ?? filterProblem(rule.filters ?? []) ?? backendFilterProblem(rule);
    if (problem === undefined) continue;
    const { namespace, name } = route.metadata;
    return { reason: 'UnsupportedValue', message: `HTTPRoute ${namespace}/${name}: spec.rules[${index}].${problem}` };
  }
  return undefined;
}

function matchProblem({ matches }: HTTPRouteRule): string | undefined {
  for (const [index, match] of matches.entries()) {
    const at = `matches[${index}]`;
    const values = [
      { field: `${at}.path`, ...match.path },
      ...(match.headers ?? []).map((header, i) => ({ field: `${at}.headers[${i}]`, ...header })),
      ...(match.queryParams ?? []).map((parameter, i) => ({ field: `${at}.queryParams[${i}]`, ...parameter })),
    ];
    for (const { field, type, value } of values) {
      const problem = type === 'RegularExpression' ? regexProblem(value) : undefined;
      if (problem !== undefined) return `${field}.value: ${problem}`;
    }
  }
  return undefined;
}

function backendFilterProblem({ backendRefs = [] }: HTTPRouteRule): string | undefined {
  for (const [index, { filters = [] }] of backendRefs.entries()) {
    const problem = filterProblem(filters);
    if (problem !== undefined) return `backendRefs[${index}].${problem}`;
  }
  return undefined;
}

function filterProblem(filters: readonly HTTPFilter[]): string | undefined {
  for (const [index, filter] of filters.entries()) {
    const problem = headerProblem(filter) ?? pathProblem(filter.requestRedirect?.path ?? filter.urlRewrite?.path);
    if (problem !== undefined) return `filters[${index}].${problem}`;
  }
  return undefined;
}

function headerProblem({ requestHeaderModifier, responseHeaderModifier }: HTTPFilter): string | undefined {
  const modifier = requestHeaderModifier ?? responseHeaderModifier;
  const field = requestHeaderModifier === undefined ? 'responseHeaderModifier' : 'requestHeaderModifier';
  for (const { name } of [...(modifier?.set ?? []), ...(modifier?.add ?? [])]) {
    if (name.toLowerCase() === 'host') return `${field}: found header ${name}, which only URLRewrite may change`;
  }
  for (const name of modifier?.remove ?? []) {
    if (name.toLowerCase() === 'host') return `${field}.remove: found header ${name}, which cannot be removed`;
    if (!TOKEN.test(name)) return `${field}.remove: found ${JSON.stringify(name)}, accepted are names of headers`;
  }
  return undefined;
}

function pathProblem(path: HTTPPathModifier | undefined): string | undefined {
  const text = path?.replaceFullPath ?? path?.replacePrefixMatch ?? '';
  if (!FORBIDDEN_IN_TEXT.some((forbidden) => text.includes(forbidden))) return undefined;
  return `path: found ${JSON.stringify(text)}, accepted is text without line breaks and NUL`;
}

const known = new Map<string, string | undefined>();
/** How many judged expressions are remembered; beyond it all are forgotten. */
const MOST_KNOWN = 10_000;

function regexProblem(value: string): string | undefined {
  if (known.has(value)) return known.get(value);
  if (known.size >= MOST_KNOWN) known.clear();
  const problem = judge(value);
  known.set(value, problem);
  return problem;
}

function judge(value: string): string | undefined {
  if (value === '') return 'found an empty regular expression';
  try {
    const size = RE2JS.compile(value).programSize();
    return size > LARGEST_REGEX
      ? `found a regular expression of ${size} instructions, accepted are at most ${LARGEST_REGEX}`
      : undefined;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return `found ${JSON.stringify(value)}, accepted are regular expressions of RE2 (${error.message})`;
  }
}
