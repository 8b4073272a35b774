import { fromBinary, type JsonObject, toJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import type { MessageInfo } from '../processor/phases.ts';
import { FieldReader, WIRE } from '../wire/field-reader.ts';

/** Numbers of the fields of `ProcessingRequest` that are read here. */
export const INFO_FIELD = { metadata: 8, attributes: 9 } as const;

type Structs = Readonly<Record<string, JsonObject>>;

const NONE: Structs = Object.freeze({});

/** What a message says beside its phase when the policy asks for nothing. */
export const NO_INFO: MessageInfo = Object.freeze({ attributes: NONE, metadata: NONE });

/**
 * Reads what a `ProcessingRequest` says beside its phase: `attributes`, and `metadata_context.filter_metadata`; `undefined` when it
 * cannot be read.
 */
export function messageInfo(bytes: Buffer): MessageInfo | undefined {
  const attributes: Record<string, JsonObject> = {};
  let metadata: Structs = NONE;
  try {
    const request = new FieldReader(bytes);
    while (request.next()) {
      if (request.wire !== WIRE.bytes) continue;
      if (request.field === INFO_FIELD.attributes) addEntry(attributes, bytes, request.start, request.end);
      if (request.field === INFO_FIELD.metadata) metadata = filterMetadata(bytes, request.start, request.end);
    }
    return { attributes, metadata };
  } catch {
    return undefined;
  }
}

function filterMetadata(bytes: Buffer, start: number, end: number): Structs {
  const namespaces: Record<string, JsonObject> = {};
  const metadata = new FieldReader(bytes, start, end);
  while (metadata.next()) {
    if (metadata.field === 1 && metadata.wire === WIRE.bytes) addEntry(namespaces, bytes, metadata.start, metadata.end);
  }
  return namespaces;
}

/** Adds an entry of a `map<string, google.protobuf.Struct>` (1: key, 2: value). */
function addEntry(to: Record<string, JsonObject>, bytes: Buffer, start: number, end: number): void {
  const entry = new FieldReader(bytes, start, end);
  let key = '';
  let value: JsonObject = {};
  while (entry.next()) {
    if (entry.wire !== WIRE.bytes) continue;
    if (entry.field === 1) key = bytes.toString('utf8', entry.start, entry.end);
    if (entry.field === 2) value = structOf(bytes.subarray(entry.start, entry.end));
  }
  // A name that objects of JavaScript have by themselves is a name like any other.
  Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true });
}

function structOf(bytes: Buffer): JsonObject {
  const json = toJson(StructSchema, fromBinary(StructSchema, bytes));
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}
