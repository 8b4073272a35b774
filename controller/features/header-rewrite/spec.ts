import { isObject } from '#controller/api/compile.ts';
import type { HeaderRewriteIr, RewriteHeaderIr, RewritesIr, ValueSourceIr } from '../../ir/header-rewrite.ts';
import { handedOverName, isHeaderValue, isWritableHeader, WRITABLE_HEADERS } from '../../resources/header-name.ts';
import { Problems } from '../../resources/problems.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

/**
 * Annotation of a SecurityPolicy: changes of headers, as JSON. The API of Envoy Gateway has no field for values that come from
 * requests, tokens and sessions, but `claimToHeaders`.
 */
export const REWRITE_ANNOTATION = 'sluice.dev/header-rewrite';

/** What values may be taken from besides the request. */
export interface Available {
  /** Whether the policy has `jwt`, and `oidc`. */
  readonly claim: boolean;
  readonly session: boolean;
}

/** Translates the annotation; messages start with its name. */
export function resolveHeaderRewrite(text: string, available: Available): Outcome<HeaderRewriteIr, 'Invalid'> {
  const problems = new Problems();
  const at = `metadata.annotations[${REWRITE_ANNOTATION}]`;
  const found = parse(text, at, problems);
  const { request, response } = membersOf(found, at, ['request', 'response'], problems);
  const rewrite = {
    request: rewrites(request, `${at}.request`, available, problems),
    response: rewrites(response, `${at}.response`, available, problems),
  };
  const wrong = String(problems);
  return wrong === '' ? success(rewrite) : refusal('Invalid', wrong);
}

function parse(text: string, at: string, problems: Problems): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    problems.add(at, `found no JSON: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}

function rewrites(value: unknown, at: string, available: Available, problems: Problems): RewritesIr {
  const members = membersOf(value ?? {}, at, ['set', 'add', 'remove'], problems);
  const changes = (list: 'set' | 'add'): readonly RewriteHeaderIr[] =>
    listOf(members[list], `${at}.${list}`, problems).map((one, index) =>
      change(one, `${at}.${list}[${index}]`, available, problems),
    );
  const all: RewritesIr = {
    set: changes('set'),
    add: changes('add'),
    remove: listOf(members['remove'], `${at}.remove`, problems).map((one, index) =>
      writable(one, `${at}.remove[${index}]`, problems),
    ),
  };
  // A header is only one thing afterwards: which list counts would hang on who reads them.
  const set = all.set.map(({ name }) => name);
  const others = new Set([...all.add.map(({ name }) => name), ...set]);
  for (const [index, name] of set.entries()) {
    if (set.indexOf(name) < index) problems.add(`${at}.set[${index}].name`, `found ${name}, which is set already`);
  }
  for (const [index, name] of all.remove.entries()) {
    if (others.has(name)) problems.add(`${at}.remove[${index}]`, `found ${name}, which is set or added, too`);
  }
  return all;
}

function change(value: unknown, at: string, available: Available, problems: Problems): RewriteHeaderIr {
  const { name, value: fixed, from, prefix } = membersOf(value, at, ['name', 'value', 'from', 'prefix'], problems);
  if (fixed === undefined && from === undefined)
    problems.add(at, 'found neither value nor from, accepted is one or both');
  const sources = listOf(from, `${at}.from`, problems);
  if (from !== undefined && sources.length === 0)
    problems.add(`${at}.from`, 'found no source, accepted is one or more');
  if (prefix !== undefined && from === undefined)
    problems.add(`${at}.prefix`, 'found without from, before which it stands');
  return {
    name: writable(name, `${at}.name`, problems),
    value: headerValue(fixed, `${at}.value`, problems),
    from: sources.flatMap((one, index) => source(one, `${at}.from[${index}]`, available, problems)),
    prefix: headerValue(prefix, `${at}.prefix`, problems),
  };
}

const SOURCES = ['header', 'queryParameter', 'cookie', 'clientAddress', 'claim', 'session'] as const;

function source(value: unknown, at: string, available: Available, problems: Problems): readonly ValueSourceIr[] {
  const members = membersOf(value, at, SOURCES, problems);
  const kinds = SOURCES.filter((kind) => members[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    problems.add(at, `found ${kinds.length} sources, accepted is one of ${SOURCES.join(', ')}`);
    return [];
  }
  const where = `${at}.${kind}`;
  switch (kind) {
    case 'header':
      return [{ kind, name: handedOverName(textOf(members[kind], where, problems)) }];
    case 'queryParameter':
      return [{ kind: 'query', name: textOf(members[kind], where, problems) }];
    case 'cookie':
      return [{ kind, name: textOf(members[kind], where, problems) }];
    case 'clientAddress':
      if (members[kind] !== true) problems.add(where, `found ${JSON.stringify(members[kind])}, accepted is true`);
      return [{ kind: 'address' }];
    case 'claim':
    case 'session': {
      const field = kind === 'claim' ? 'spec.jwt' : 'spec.oidc';
      if (!available[kind]) problems.add(where, `found in a policy without ${field}, from which it comes`);
      return [{ kind, path: pathOf(members[kind], where, problems) }];
    }
    default:
      return kind satisfies never;
  }
}

/** As in `claimToHeaders` dots part names; a list has names with dots. */
function pathOf(value: unknown, at: string, problems: Problems): readonly string[] {
  if (!Array.isArray(value)) return textOf(value, at, problems).split('.');
  if (value.length === 0) problems.add(at, 'found no name, accepted is one or more');
  return value.map((one, index) => textOf(one, `${at}[${index}]`, problems));
}

function writable(value: unknown, at: string, problems: Problems): string {
  const name = textOf(value, at, problems);
  if (name !== '' && !isWritableHeader(name)) problems.add(at, `found ${JSON.stringify(name)}, ${WRITABLE_HEADERS}`);
  return name.toLowerCase();
}

function headerValue(value: unknown, at: string, problems: Problems): string {
  if (value === undefined) return '';
  if (typeof value === 'string' && isHeaderValue(value)) return value;
  problems.add(at, `found ${JSON.stringify(value)}, accepted is text without control characters`);
  return '';
}

function textOf(value: unknown, at: string, problems: Problems): string {
  if (typeof value === 'string' && value !== '') return value;
  problems.add(at, `found ${JSON.stringify(value) ?? 'none'}, accepted is text that is not empty`);
  return '';
}

function listOf(value: unknown, at: string, problems: Problems): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  problems.add(at, `found ${JSON.stringify(value)}, accepted is a list`);
  return [];
}

function membersOf(
  value: unknown,
  at: string,
  names: readonly string[],
  problems: Problems,
): { readonly [name: string]: unknown } {
  if (!isObject(value)) {
    problems.add(at, `found ${JSON.stringify(value) ?? 'none'}, accepted is an object`);
    return {};
  }
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) problems.add(`${at}.${name}`, `not known, accepted are ${names.join(', ')}`);
  }
  return value;
}
