import { type DescMessage, fromJson, type JsonObject, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { isFieldError } from '@bufbuild/protobuf/reflect';
import { applyPatch, type Operation, Pointer } from 'rfc6902';
import { registry } from '#proto/load.ts';
import type { PatchedType, PatchOperationIr, PlacesIr, ResourcePatchIr } from '../../ir/patch.ts';
import { RegexBudget } from '../../regex/automaton.ts';
import { TooMuchWork, Work } from '../../regex/work.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { type Document, type Need, pointerOf, resolvePlace } from './place.ts';
import { type QueryMeans, selected } from './query.ts';

/**
 * Applies all operations of a patch to the proto JSON of a resource, `undefined` when there is none, and encodes what comes
 * of it. Nothing of what is refused is kept. Messages hold no value of a Secret.
 */
export function applyToJson(
  before: JsonObject | undefined,
  desc: DescMessage,
  patch: ResourcePatchIr,
): Outcome<Uint8Array, 'Invalid'> {
  const applied = applyOperations(before, desc, patch.operations);
  if (!applied.ok) return applied;
  const parsed = parse(applied.value, desc, patch.type);
  if (parsed.ok) return checkName(patch, applied.value, parsed.value);
  return failedOperation(before, desc, patch) ?? parsed;
}

/** The operation after which the result is no message any more, by halves: those after it may be many. */
function failedOperation(
  before: JsonObject | undefined,
  desc: DescMessage,
  { operations, type }: ResourcePatchIr,
): Outcome<never, 'Invalid'> | undefined {
  let [good, bad] = [0, operations.length];
  let words: string | undefined;
  while (good < bad) {
    const middle = (good + bad) >> 1;
    const part = applyOperations(before, desc, operations.slice(0, middle + 1));
    const result = part.ok ? parse(part.value, desc, type) : part;
    if (result.ok) good = middle + 1;
    else {
      bad = middle;
      words = result.refusal.message;
    }
  }
  const failed = operations[bad];
  if (failed === undefined || words === undefined) return undefined;
  return refusal('Invalid', `spec.jsonPatches[${failed.index}].operation: ${words}`);
}

/** Values that the operations on a resource may read and write together, and what one adds to that. */
const MOST_STEPS = 2_000_000;
const STEPS_OF_OPERATION = 10_000;

/**
 * How much operations may read and write: ten times all that there is, each, and something more, so that many on small
 * resources do not come to more than what was written for them lets expect.
 */
function mostSteps(before: JsonObject | undefined, operations: readonly PatchOperationIr[]): number {
  const values = operations.reduce((sum, operation) => sum + ('value' in operation ? sizeOf(operation.value) : 0), 0);
  return Math.min(MOST_STEPS, operations.length * (STEPS_OF_OPERATION + 10 * (sizeOf(before) + values)));
}

/** Applies operations, in order, to the proto JSON of a message; all of them or none. */
export function applyOperations(
  before: JsonObject | undefined,
  desc: DescMessage,
  operations: readonly PatchOperationIr[],
): Outcome<Document, 'Invalid'> {
  let document: Document | undefined = before === undefined ? undefined : structuredClone(before);
  const most = mostSteps(before, operations);
  const means = { work: new Work(most), regexes: new RegexBudget() };
  for (const operation of operations) {
    const at = `spec.jsonPatches[${operation.index}].operation`;
    if (operation.op === 'whole') {
      const { value } = operation;
      if (!isObject(value)) return refusal('Invalid', `${at}.value: accepted is a whole ${desc.typeName}, an object`);
      document = structuredClone(value);
      continue;
    }
    if (document === undefined) return refusal('Invalid', `${at}: the resource does not exist yet`);
    const problem = applyOperation(document, desc, operation, means, most);
    if (problem !== undefined) return refusal('Invalid', `${at}${problem}`);
  }
  return document === undefined ? refusal('Invalid', 'spec.jsonPatches: none is for this resource') : success(document);
}

/** What is wrong with an operation, with its field, or `undefined` once the document is changed. */
function applyOperation(
  document: Document,
  desc: DescMessage,
  operation: Placed,
  means: QueryMeans,
  most: number,
): string | undefined {
  try {
    const places = placesOf(document, desc, operation.at, { need: needOf(operation.op), means });
    if (!places.ok) return `.${places.refusal.message}`;
    // From the last to the first: what comes out of a list, or into it, moves only what is behind it.
    for (const path of places.value.toReversed()) {
      const problem = perform(document, desc, operation, { path, work: means.work });
      if (problem !== undefined) return `.${problem}`;
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    const { jsonPath } = operation.at;
    const field = jsonPath === undefined ? '' : `.jsonPath: found ${JSON.stringify(jsonPath.slice(0, 200))}`;
    return `${field}: the patch reads and writes more than ${most} values, accepted are up to so many`;
  }
}

type Placed = Exclude<PatchOperationIr, { readonly op: 'whole' }>;

function needOf(op: Placed['op']): Need {
  switch (op) {
    case 'add':
      return 'room, made where missing';
    case 'move':
    case 'copy':
      return 'room';
    case 'remove':
    case 'replace':
    case 'test':
      return 'value';
    default:
      return op satisfies never;
  }
}

function placesOf(
  document: Document,
  desc: DescMessage,
  { path, jsonPath }: PlacesIr,
  { need, means }: { readonly need: Need; readonly means: QueryMeans },
): Outcome<readonly string[], 'Invalid'> {
  const bases = jsonPath === undefined ? success(['']) : select(document, jsonPath, means);
  if (!bases.ok) return bases;
  const places: string[] = [];
  for (const base of bases.value) {
    means.work.spend(STEPS_OF_PLACE);
    const place = resolvePlace(document, desc, `${base}${path}`, need);
    if (!place.ok) return refusal('Invalid', `path: ${place.refusal.message}`);
    places.push(place.value);
  }
  return success(places);
}

/** How many places one operation may change. */
const PLACES = 100_000;

/** What going to a place takes. */
const STEPS_OF_PLACE = 5;

/** Envoy Gateway's examples leave out the `$` that a query begins with (RFC 9535, section 2.2). */
function select(document: Document, jsonPath: string, means: QueryMeans): Outcome<readonly string[], 'Invalid'> {
  const query = jsonPath.startsWith('$') ? jsonPath : `$${/^[.[]/u.test(jsonPath) ? '' : '.'}${jsonPath}`;
  try {
    const found = new Set<string>();
    for (const location of selected(document, query, means)) {
      found.add(pointerOf(location));
      if (found.size > PLACES) return refusal('Invalid', `jsonPath: "${jsonPath}" selects more than ${PLACES} places`);
    }
    return found.size > 0 ? success([...found]) : refusal('Invalid', `jsonPath: "${jsonPath}" selects nothing`);
  } catch (error) {
    if (error instanceof TooMuchWork) throw error;
    const shown = jsonPath.slice(0, 200);
    return refusal('Invalid', `jsonPath: found "${shown}", accepted is a query of RFC 9535: ${wordsOf(error)}`);
  }
}

/** What is wrong, as "<field>: <problem>", or `undefined` once the document is changed. */
function perform(
  document: Document,
  desc: DescMessage,
  operation: Placed,
  { path, work }: { readonly path: string; readonly work: Work },
): string | undefined {
  let change: Operation;
  switch (operation.op) {
    case 'add':
    case 'replace':
    case 'test':
      work.spend(sizeOf(operation.value));
      change = { op: operation.op, path, value: operation.value };
      break;
    case 'remove':
      change = { op: 'remove', path };
      break;
    case 'move':
    case 'copy': {
      const from = resolvePlace(document, desc, operation.from, 'value');
      if (!from.ok) return `from: ${from.refusal.message}`;
      if (operation.op === 'move' && path.startsWith(`${from.value}/`)) {
        return `path: found "${path}", which is inside what is moved, "${from.value}"`;
      }
      // Of a copy that is copied there are soon more than fit into memory.
      if (operation.op === 'copy') work.spend(sizeOf(Pointer.fromJSON(from.value).get(document)));
      change = { op: operation.op, from: from.value, path };
      break;
    }
    default:
      return operation satisfies never;
  }
  const [problem] = applyPatch(document, [change]);
  if (problem === null || problem === undefined) return undefined;
  if (problem.name === 'TestError') return `value: what is at "${path}" is something else`;
  return `path: ${operation.op} is not possible at "${path}"`;
}

/** How many values a value is made of; long texts count more. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 1 + Math.floor(value.length / 64);
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, each: unknown) => sum + sizeOf(each), 1);
}

function parse(document: Document, desc: DescMessage, type: PatchedType): Outcome<Uint8Array<ArrayBuffer>, 'Invalid'> {
  try {
    // Operations put JSON into JSON, which TypeScript cannot see.
    const json: JsonValue = JSON.parse(JSON.stringify(document));
    return success(toBinary(desc, fromJson(desc, json, { registry: registry() })));
  } catch (error) {
    const words = wordsOf(error);
    // What comes after may be the value that was found.
    const said = type === 'secret' ? (words.split(/ from JSON|: |, got/u)[0] ?? '') : words;
    const field = isFieldError(error) ? `${error.field().toString()}: ` : '';
    return refusal('Invalid', `the result is no ${desc.typeName}: ${field}${said}`);
  }
}

/** A resource keeps the name by which others refer to it. */
function checkName(
  { type, name, operations }: ResourcePatchIr,
  document: Document,
  encoded: Uint8Array,
): Outcome<Uint8Array, 'Invalid'> {
  const field = type === 'endpoint' ? 'cluster_name' : 'name';
  const found = document[field] ?? (type === 'endpoint' ? document['clusterName'] : undefined);
  if (found === name) return success(encoded);
  const last = operations.at(-1)?.index ?? 0;
  const shown = type === 'secret' ? 'another name' : JSON.stringify(found ?? '');
  return refusal(
    'Invalid',
    `spec.jsonPatches[${last}]: found ${shown} as the result's ${field}, accepted is "${name}"`,
  );
}

function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
