import { type DescMessage, fromJson, type JsonObject, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { isFieldError } from '@bufbuild/protobuf/reflect';
import { jsonpath } from 'json-p3';
import { applyPatch, type Operation } from 'rfc6902';
import { registry } from '#proto/load.ts';
import type { PatchedType, PatchOperationIr, PlacesIr, ResourcePatchIr } from '../../ir/patch.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { type Document, type Need, pointerOf, resolvePlace } from './place.ts';

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
  // Which operation it was is only asked when one has failed.
  for (const [count, { index }] of patch.operations.entries()) {
    const part = applyOperations(before, desc, patch.operations.slice(0, count + 1));
    if (!part.ok) return part;
    const result = parse(part.value, desc, patch.type);
    if (!result.ok) return refusal('Invalid', `spec.jsonPatches[${index}].operation: ${result.refusal.message}`);
  }
  return parsed;
}

/** Applies operations, in order, to the proto JSON of a message; all of them or none. */
export function applyOperations(
  before: JsonObject | undefined,
  desc: DescMessage,
  operations: readonly PatchOperationIr[],
): Outcome<Document, 'Invalid'> {
  let document: Document | undefined = before === undefined ? undefined : structuredClone(before);
  for (const operation of operations) {
    const at = `spec.jsonPatches[${operation.index}].operation`;
    if (operation.op === 'whole') {
      const { value } = operation;
      if (!isObject(value)) return refusal('Invalid', `${at}.value: accepted is a whole ${desc.typeName}, an object`);
      document = structuredClone(value);
      continue;
    }
    if (document === undefined) return refusal('Invalid', `${at}: the resource does not exist yet`);
    const places = placesOf(document, desc, operation.at, needOf(operation.op));
    if (!places.ok) return refusal('Invalid', `${at}.${places.refusal.message}`);
    // From the last to the first: what comes out of a list, or into it, moves only what is behind it.
    for (const path of places.value.toReversed()) {
      const problem = perform(document, desc, operation, path);
      if (problem !== undefined) return refusal('Invalid', `${at}.${problem}`);
    }
  }
  return document === undefined ? refusal('Invalid', 'spec.jsonPatches: none is for this resource') : success(document);
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
  need: Need,
): Outcome<readonly string[], 'Invalid'> {
  const selected = jsonPath === undefined ? success(['']) : select(document, jsonPath);
  if (!selected.ok) return selected;
  const places: string[] = [];
  for (const base of selected.value) {
    const place = resolvePlace(document, desc, `${base}${path}`, need);
    if (!place.ok) return refusal('Invalid', `path: ${place.refusal.message}`);
    places.push(place.value);
  }
  return success(places);
}

/** How many places one operation may change. */
const PLACES = 100_000;

/** Envoy Gateway's examples leave out the `$` that a query begins with (RFC 9535, section 2.2). */
function select(document: Document, jsonPath: string): Outcome<readonly string[], 'Invalid'> {
  const query = jsonPath.startsWith('$') ? jsonPath : `$${/^[.[]/u.test(jsonPath) ? '' : '.'}${jsonPath}`;
  try {
    const found = new Set<string>();
    // The document is JSON; the library's own type of it is the mutable one.
    for (const { location } of jsonpath.lazyQuery(query, JSON.parse(JSON.stringify(document)))) {
      found.add(pointerOf(location));
      if (found.size > PLACES) return refusal('Invalid', `jsonPath: "${jsonPath}" selects more than ${PLACES} places`);
    }
    return found.size > 0 ? success([...found]) : refusal('Invalid', `jsonPath: "${jsonPath}" selects nothing`);
  } catch (error) {
    return refusal('Invalid', `jsonPath: found "${jsonPath}", accepted is a query of RFC 9535: ${wordsOf(error)}`);
  }
}

/** What is wrong, as "<field>: <problem>", or `undefined` once the document is changed. */
function perform(document: Document, desc: DescMessage, operation: Placed, path: string): string | undefined {
  let change: Operation;
  switch (operation.op) {
    case 'add':
    case 'replace':
    case 'test':
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
