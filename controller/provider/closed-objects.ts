/**
 * What an object that the schema refuses is for, as far as it can be made out. What cannot be read is wider rather than
 * narrower: a match is every request, a host name the one above it, a reference to a part of a parent one to all of it. Whether
 * a part can be read is what the schema says of an object that has nothing else.
 */
import { isObject } from '#controller/api/compile.ts';
import { apiGroupVersionOf } from '#controller/api/registry.ts';
import { CLOSING_KINDS, type ClosedObject, type ClosingKind } from '../resources/closed-object.ts';
import { wildcardsAbove } from '../resources/wildcards-above.ts';
import { admit } from './admit.ts';
import { type JsonObject, pick } from './json-object.ts';
import type { Problem, ProblemObject } from './provider.ts';

/** The objects among what was refused that close what they are for; each has a name of its own. */
export function readClosedObjects(problems: Iterable<Problem>): readonly ClosedObject[] {
  const documents = new Map<JsonObject, ProblemObject>();
  // Those whose names are others', which are served.
  const seconds = new Set<JsonObject>();
  for (const { severity, reason, object } of problems) {
    if (severity !== 'error' || object?.document === undefined) continue;
    documents.set(object.document, object);
    if (reason === 'duplicate') seconds.add(object.document);
  }
  const found = new Map<string, ClosedObject>();
  /** The number to try next where a name is taken. */
  const numbers = new Map<string, number>();
  for (const [document, object] of documents) {
    const closed = readOnce(document, object);
    if (closed === undefined) continue;
    const { kind, metadata } = closed;
    const key = (name: string): string => `${kind}/${metadata.namespace}/${name}`;
    let name = seconds.has(document) ? `${metadata.name}.2` : metadata.name;
    let at = numbers.get(key(metadata.name)) ?? 2;
    for (; found.has(key(name)); at += 1) name = `${metadata.name}.${at}`;
    numbers.set(key(metadata.name), at);
    found.set(key(name), name === metadata.name ? closed : { ...closed, metadata: { ...metadata, name } });
  }
  return [...found.values()];
}

const known = new WeakMap<JsonObject, { readonly closed: ClosedObject | undefined }>();

function readOnce(document: JsonObject, object: ProblemObject): ClosedObject | undefined {
  const last = known.get(document);
  if (last !== undefined) return last.closed;
  const closed = readClosedObject(
    object.means ?? object.kind,
    object.namespace ?? 'default',
    object.name ?? '',
    document,
  );
  known.set(document, { closed });
  return closed;
}

/** Reads an object as written; `undefined` where it is of another kind, or names no parent that can be made out. */
export function readClosedObject(
  written: string,
  namespace: string,
  name: string,
  document: JsonObject,
): ClosedObject | undefined {
  const kind = CLOSING_KINDS.find((one) => one === written);
  if (kind === undefined) return undefined;
  const spec = objectIn(document, 'spec');
  const specs = kind === 'ListenerSet' ? setSpecs(spec) : routeSpecs(kind, spec);
  const { creationTimestamp } = objectIn(document, 'metadata');
  for (const metadata of [{ name, creationTimestamp }, { name }, { name: 'unnamed' }]) {
    for (const candidate of specs) {
      const taken = taking(kind, candidate, { ...metadata, namespace });
      if (taken !== undefined) return { ...taken, closed: true };
    }
  }
  return undefined;
}

type Closing = Extract<ReturnType<typeof admit>, { readonly kind: 'resource' }>['resource'] & {
  readonly kind: ClosingKind;
};

/** The object with this `spec` if the schema takes it. */
function taking(kind: ClosingKind, spec: JsonObject, metadata: JsonObject = { name: 'part' }): Closing | undefined {
  const admission = admit({ apiVersion: apiGroupVersionOf(kind), kind, metadata, spec });
  return admission.kind === 'resource' && isClosing(admission.resource) ? admission.resource : undefined;
}

function isClosing(resource: { readonly kind: string }): resource is Closing {
  return CLOSING_KINDS.some((kind) => kind === resource.kind);
}

type RouteKind = Exclude<ClosingKind, 'ListenerSet'>;

/** What a route may be for: the first of these that the schema takes as a whole. */
function routeSpecs(kind: RouteKind, spec: JsonObject): readonly JsonObject[] {
  const base = baseOf(kind);
  const isTaken = (part: JsonObject): boolean => taking(kind, { ...base, ...part }) !== undefined;
  const parents = listIn(spec, 'parentRefs').flatMap((ref) => parentOf(ref, (one) => isTaken({ parentRefs: [one] })));
  if (parents.length === 0) return [];
  const whole = parents.map((ref) => pick(ref, WHOLE));
  const hosts = hostsOf(kind, spec, isTaken);
  const rules = kind === 'TLSRoute' ? {} : rulesOf(kind, spec, isTaken);
  return [
    { ...base, ...hosts, ...rules, parentRefs: distinct(parents) },
    { ...base, ...hosts, ...rules, parentRefs: distinct(whole) },
    { ...base, ...hosts, parentRefs: distinct(whole) },
    { ...base, parentRefs: distinct(whole) },
  ];
}

/** The least that the schema asks of a kind: of requests every one, of connections a rule that is never followed. */
function baseOf(kind: RouteKind): JsonObject {
  switch (kind) {
    case 'HTTPRoute':
    case 'GRPCRoute':
      return { rules: [{}] };
    case 'TLSRoute':
      return { hostnames: ['nothing.invalid'], rules: [{ backendRefs: [{ name: 'nowhere', port: 1 }] }] };
    default:
      return kind satisfies never;
  }
}

const WHOLE = ['group', 'kind', 'namespace', 'name'];

function parentOf(ref: unknown, isTaken: (ref: JsonObject) => boolean): readonly JsonObject[] {
  if (!isObject(ref)) return [];
  const candidates = [[...WHOLE, 'sectionName', 'port'], [...WHOLE, 'sectionName'], [...WHOLE, 'port'], WHOLE];
  const found = candidates.map((fields) => pick(ref, fields)).find(isTaken);
  return found === undefined ? [] : [found];
}

/** All hosts where one cannot be made out; of server names, of which there is no such word, those that can. */
function hostsOf(kind: RouteKind, spec: JsonObject, isTaken: (part: JsonObject) => boolean): JsonObject {
  const found = listIn(spec, 'hostnames').map((name) => hostOf(name, (one) => isTaken({ hostnames: [one] })));
  const names = [...new Set(found)].filter((name) => name !== undefined);
  const isAll = found.includes(undefined) && kind !== 'TLSRoute';
  return isAll || names.length === 0 ? {} : { hostnames: names };
}

/** A host name as written or as it was meant, else the nearest wildcard above it. */
function hostOf(written: unknown, isTaken: (name: string) => boolean): string | undefined {
  if (typeof written !== 'string') return undefined;
  const plain = written.slice(0, LONGEST_NAME).toLowerCase().replace(/:\d*$/u, '').replace(/\.$/u, '');
  return [written, plain, ...wildcardsAbove(plain)].find(isTaken);
}

/** Characters; no host name is longer (RFC 1035). */
const LONGEST_NAME = 255;

/** The matches of all rules: which of them they are of means nothing where all answer the same. */
function rulesOf(
  kind: 'HTTPRoute' | 'GRPCRoute',
  spec: JsonObject,
  isTaken: (part: JsonObject) => boolean,
): JsonObject {
  const isMatch = (match: JsonObject): boolean => isTaken({ rules: [{ matches: [match] }] });
  const matches = listIn(spec, 'rules').flatMap((rule) => {
    const written = isObject(rule) ? listIn(rule, 'matches') : [];
    return written.length === 0 ? [{}] : written.map((match) => matchOf(kind, match, isMatch));
  });
  const all = distinct(matches);
  const parts = Array.from({ length: Math.ceil(all.length / MOST_MATCHES) }, (_, index) => ({
    matches: all.slice(index * MOST_MATCHES, (index + 1) * MOST_MATCHES),
  }));
  return parts.length === 0 ? {} : { rules: parts };
}

/** Of one rule (Gateway API, `HTTPRouteRule.matches`). */
const MOST_MATCHES = 64;

/** A match without the conditions that cannot be read. */
function matchOf(kind: 'HTTPRoute' | 'GRPCRoute', match: unknown, isTaken: (match: JsonObject) => boolean): JsonObject {
  if (!isObject(match)) return {};
  const { path, method } = match;
  const headers = conditionsOf(match, 'headers', isTaken);
  if (kind === 'GRPCRoute') return { ...(method !== undefined && isTaken({ method }) ? { method } : {}), ...headers };
  const paths = [path, pathOf(path)].find((one) => one !== undefined && isTaken({ path: one }));
  return {
    ...(paths === undefined ? {} : { path: paths }),
    ...(method !== undefined && isTaken({ method }) ? { method } : {}),
    ...headers,
    ...conditionsOf(match, 'queryParams', isTaken),
  };
}

/** A path of no known type: everything below it where it is plain text, else what a regular expression might be for. */
function pathOf(path: unknown): JsonObject | undefined {
  if (!isObject(path) || typeof path['value'] !== 'string') return undefined;
  const { value } = path;
  return { type: /^\/[\w/-]*$/u.test(value) ? 'PathPrefix' : 'RegularExpression', value };
}

/** The conditions of a list that can be read; of several with one name the first. */
function conditionsOf(match: JsonObject, field: string, isTaken: (match: JsonObject) => boolean): JsonObject {
  const found = new Map<unknown, JsonObject>();
  for (const one of listIn(match, field)) {
    if (isObject(one) && !found.has(one['name']) && isTaken({ [field]: [one] })) found.set(one['name'], one);
  }
  return found.size === 0 ? {} : { [field]: [...found.values()] };
}

/** The listeners with a host name, as those of requests: their hosts are closed whatever they were for. */
function setSpecs(spec: JsonObject): readonly JsonObject[] {
  const parentRef = pick(objectIn(spec, 'parentRef'), WHOLE);
  const specOf = (listeners: readonly JsonObject[]): JsonObject => ({ parentRef, listeners });
  const isTaken = (listener: JsonObject): boolean => taking('ListenerSet', specOf([listener])) !== undefined;
  const found = new Map<string, JsonObject>();
  for (const [index, listener] of listIn(spec, 'listeners').entries()) {
    if (!isObject(listener) || listener['protocol'] === 'TCP' || listener['protocol'] === 'UDP') continue;
    const rest = { name: `closed-${index}`, port: listener['port'], protocol: 'HTTP' };
    const hostname = hostOf(listener['hostname'], (name) => isTaken({ ...rest, hostname: name }));
    if (hostname !== undefined) found.set(`${String(rest.port)} ${hostname}`, { ...rest, hostname });
  }
  return found.size === 0 ? [] : [specOf([...found.values()].slice(0, MOST_LISTENERS))];
}

/** Of one set (Gateway API, `ListenerSetSpec.listeners`). */
const MOST_LISTENERS = 64;

function distinct(members: readonly JsonObject[]): readonly JsonObject[] {
  return [...new Map(members.map((member) => [JSON.stringify(member), member])).values()];
}

function objectIn(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isObject(value) ? value : {};
}

function listIn(object: JsonObject, field: string): readonly unknown[] {
  const value = object[field];
  return Array.isArray(value) ? value : [];
}
