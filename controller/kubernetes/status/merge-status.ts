import { isObject } from '#controller/api/compile.ts';

type JsonObject = { readonly [field: string]: unknown };

/** A condition that says that something is wrong now, and did not before. */
export interface Turned {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** What a status has to become. */
export interface MergedStatus {
  /** The fields of it that change; none when it is as it should be. */
  readonly changes: JsonObject;
  /** What has turned bad. */
  readonly turned: readonly Turned[];
}

/** Whether a condition of an object is ours, or of an earlier version of us. */
function isOurs(type: string): boolean {
  return OUR_TYPES.has(type);
}

/**
 * Whether a condition is ours in an entry that has our name: whoever else adds some there says so by a domain before the type
 * (Kubernetes API conventions). Any other one is what a controller of the same name has said before us, Envoy Gateway say.
 */
function isOursInEntry(type: string): boolean {
  return !type.includes('/');
}

/** Types of conditions that we, or an earlier version of us, write of whole objects and of listeners. */
const OUR_TYPES: ReadonlySet<string> = new Set([
  'Accepted',
  'Programmed',
  'ResolvedRefs',
  'SupportedVersion',
  'Conflicted',
  'OverlappingTLSConfig',
  'InsecureFrontendValidationMode',
  'AttachedListenerSets',
  'PartiallyInvalid',
  'Overridden',
  'Merged',
  'Warning',
  'Refreshed',
  'Aggregated',
  'Deprecated',
]);

/** Conditions of which True is the bad news. */
const BAD_WHEN_TRUE: ReadonlySet<string> = new Set(['Conflicted', 'OverlappingTLSConfig', 'PartiallyInvalid']);

/** At most so many entries are in a list (Gateway API: RouteStatus, PolicyStatus); the API server refuses more. */
const MOST = { parents: 32, ancestors: 16 } as const;
const MOST_CONDITIONS = 8;
/** The longest message (meta/v1 Condition). */
const LONGEST_MESSAGE = 32_768;

/**
 * Merges what is to be said into the status that an object has: entries and conditions of others stay where they are, ours that
 * are not said any more go, and a condition whose status stays keeps the time since when it has it. Pure.
 *
 * @param current the status as the API server has it
 * @param wanted the fields that we write, rendered; conditions with the time of now
 * @param controllerName whose entries in `parents` and `ancestors` are ours
 */
export function mergeStatus(current: JsonObject, wanted: JsonObject, controllerName: string): MergedStatus {
  const turned: Turned[] = [];
  const changes: { [field: string]: unknown } = {};
  for (const [field, value] of Object.entries(wanted)) {
    const next = mergeField(field, current[field], value, controllerName, turned);
    if (!isSame(current[field], next)) changes[field] = next;
  }
  return { changes, turned: Object.keys(changes).length === 0 ? [] : turned };
}

function mergeField(
  field: string,
  current: unknown,
  wanted: unknown,
  controllerName: string,
  turned: Turned[],
): unknown {
  switch (field) {
    case 'conditions':
      return conditions(list(current), list(wanted), isOurs, turned);
    case 'listeners':
      return listeners(list(current), list(wanted), turned);
    case 'parents':
      return entries(list(current), list(wanted), 'parentRef', controllerName, turned).slice(0, MOST.parents);
    case 'ancestors':
      return entries(list(current), list(wanted), 'ancestorRef', controllerName, turned).slice(0, MOST.ancestors);
    default:
      return wanted;
  }
}

function listeners(
  current: readonly JsonObject[],
  wanted: readonly JsonObject[],
  turned: Turned[],
): readonly JsonObject[] {
  const before = new Map(current.map((listener) => [listener['name'], listener]));
  return wanted.map((listener) => ({
    ...listener,
    conditions: conditions(
      list(before.get(listener['name'])?.['conditions']),
      list(listener['conditions']),
      isOurs,
      turned,
    ),
  }));
}

/** Entries stay in their order, ours too: a list that is only sorted anew is not written. */
function entries(
  current: readonly JsonObject[],
  wanted: readonly JsonObject[],
  ref: 'parentRef' | 'ancestorRef',
  controllerName: string,
  turned: Turned[],
): readonly JsonObject[] {
  const left = [...wanted];
  const merge = (entry: JsonObject, before: JsonObject | undefined): JsonObject => {
    const said = conditions(list(before?.['conditions']), list(entry['conditions']), isOursInEntry, turned);
    const unnamed = { [ref]: entry[ref], conditions: said };
    // Another definition may want the name. Where it is dropped again nothing else has changed.
    return before !== undefined && isUnnamed(before) && isSame(unnamed, before)
      ? before
      : { [ref]: entry[ref], controllerName, conditions: said };
  };
  const kept = current.flatMap((entry) => {
    if (!isUnnamed(entry) && entry['controllerName'] !== controllerName) return [entry];
    const index = left.findIndex((candidate) => isSame(candidate[ref], entry[ref]));
    const [found] = index === -1 ? [] : left.splice(index, 1);
    if (found !== undefined) return [merge(found, entry)];
    return isUnnamed(entry) ? [entry] : [];
  });
  return [...kept, ...left.map((entry) => merge(entry, undefined))];
}

/**
 * Whether an entry does not say whose it is: Envoy Gateway's definition of EnvoyProxy has no field for it, and an API server
 * drops what it does not know. One is ours then whose ancestor is.
 */
function isUnnamed(entry: JsonObject): boolean {
  return entry['controllerName'] === undefined;
}

function conditions(
  current: readonly JsonObject[],
  wanted: readonly JsonObject[],
  isOurType: (type: string) => boolean,
  turned: Turned[],
): readonly JsonObject[] {
  const left = new Map(wanted.map((condition) => [condition['type'], condition]));
  const kept = current.flatMap((before) => {
    const type = before['type'];
    const next = left.get(type);
    left.delete(type);
    if (next !== undefined) return [replace(before, next, turned)];
    return typeof type === 'string' && isOurType(type) ? [] : [before];
  });
  return [...kept, ...[...left.values()].map((next) => replace(undefined, next, turned))].slice(0, MOST_CONDITIONS);
}

function replace(before: JsonObject | undefined, next: JsonObject, turned: Turned[]): JsonObject {
  const message = text(next['message']).slice(0, LONGEST_MESSAGE);
  const isNews =
    before?.['status'] !== next['status'] || before?.['reason'] !== next['reason'] || before?.['message'] !== message;
  const type = text(next['type']);
  const reason = text(next['reason']);
  // That something is not done yet is no error.
  const isBad = next['status'] === (BAD_WHEN_TRUE.has(type) ? 'True' : 'False') && reason !== 'Pending';
  if (isNews && isBad && (BAD_WHEN_TRUE.has(type) || POSITIVE.has(type))) turned.push({ type, reason, message });
  const time = before?.['status'] === next['status'] ? before?.['lastTransitionTime'] : next['lastTransitionTime'];
  return { ...next, message, lastTransitionTime: time };
}

/** Conditions of which False is the bad news. */
const POSITIVE: ReadonlySet<string> = new Set([
  'Accepted',
  'Programmed',
  'ResolvedRefs',
  'SupportedVersion',
  'Refreshed',
]);

function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Whether two values say the same: the order of fields does not matter, and what is empty is as if it were absent. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((field) => isSame(a[field], b[field]));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
