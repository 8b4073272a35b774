import { isIP } from 'node:net';
import type {
  HeaderMatch,
  MethodMatch,
  PathMatch,
  QueryParamMatch,
  RateLimitSelectCondition,
  SourceMatch,
} from '#controller/api/gen/types.d.ts';
import type { SelectorIr, ValueTestIr } from '../../ir/rate-limit.ts';
import type { RegexBudget } from '../../regex/automaton.ts';
import { handedOverName } from '../../resources/header-name.ts';
import type { Problems } from '../../resources/problems.ts';
import { addressBlock, resolvePathMatch } from '../match/spec.ts';

/** Where problems of selectors go, and what their regular expressions may cost. */
export interface SelectorPlace {
  readonly problems: Problems;
  readonly budget: RegexBudget;
}

/** Translates `clientSelectors`: all conditions of all of them must hold. */
export function translateSelectors(
  conditions: readonly RateLimitSelectCondition[],
  field: string,
  { problems, budget }: SelectorPlace,
): readonly SelectorIr[] {
  const place = { problems, budget };
  return conditions.flatMap(({ headers = [], methods = [], path, sourceCIDR, queryParams = [] }, index) => {
    const at = `${field}[${index}]`;
    return [
      ...methodSelectors(methods),
      ...(sourceCIDR === undefined ? [] : addressSelectors(sourceCIDR, `${at}.sourceCIDR`, problems)),
      ...(path === undefined ? [] : pathSelectors(path, `${at}.path`, place)),
      ...headers.flatMap((header, i) => valueSelectors('header', header, `${at}.headers[${i}]`, place)),
      ...queryParams.flatMap((query, i) => valueSelectors('query', query, `${at}.queryParams[${i}]`, place)),
    ];
  });
}

/** One of the methods must match: two that are inverted match everything together. */
function methodSelectors(matches: readonly MethodMatch[]): readonly SelectorIr[] {
  const wanted = new Set(matches.filter(({ invert }) => !invert).map(({ value }) => value));
  const [excluded, ...others] = new Set(matches.filter(({ invert }) => invert).map(({ value }) => value));
  if (excluded === undefined) return wanted.size === 0 ? [] : [{ kind: 'method', methods: [...wanted], invert: false }];
  if (others.length > 0 || wanted.has(excluded)) return [];
  return [{ kind: 'method', methods: [excluded], invert: true }];
}

function addressSelectors(
  { type, value, invert }: SourceMatch,
  field: string,
  problems: Problems,
): readonly SelectorIr[] {
  if (!isCidr(value)) {
    problems.add(`${field}.value`, `found ${JSON.stringify(value)}, accepted is a block like 10.0.0.0/8 or fd00::/8`);
    return [];
  }
  return [{ kind: 'address', block: addressBlock(value), invert, distinct: type === 'Distinct' }];
}

function isCidr(text: string): boolean {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/u.exec(text) ?? [];
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return !address.includes('%') && Number(length) <= bits && length !== '';
}

function pathSelectors(match: PathMatch, field: string, { problems, budget }: SelectorPlace): readonly SelectorIr[] {
  const path = resolvePathMatch(match, budget);
  if (path.ok) return [{ kind: 'path', path: path.value }];
  problems.add(`${field}.value`, path.refusal.message);
  return [];
}

function valueSelectors(
  kind: 'header' | 'query',
  match: HeaderMatch | QueryParamMatch,
  field: string,
  place: SelectorPlace,
): readonly SelectorIr[] {
  const test = valueTest(match, field, place);
  const name = kind === 'header' ? handedOverName(match.name) : match.name;
  return test === undefined ? [] : [{ kind, name, test }];
}

function valueTest(
  { type, value, invert }: HeaderMatch | QueryParamMatch,
  field: string,
  { problems, budget }: SelectorPlace,
): ValueTestIr | undefined {
  if (type === 'Distinct') {
    if (value !== undefined) problems.add(`${field}.value`, 'found with type Distinct, which takes every value');
    if (invert) problems.add(`${field}.invert`, 'found with type Distinct, which takes every value');
    return { kind: 'distinct' };
  }
  if (value === undefined) {
    problems.add(`${field}.value`, `found none, type ${type} needs one`);
    return undefined;
  }
  if (type === 'Exact') return { kind: 'exact', value, invert };
  const automaton = budget.compile(value);
  if (automaton.ok) return { kind: 'regex', automaton: automaton.value, invert };
  problems.add(`${field}.value`, automaton.refusal.message);
  return undefined;
}
