import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

export type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/** Parses JSON of which more is not known. */
export function parseJson(text: string): JsonValue {
  const value: unknown = JSON.parse(text);
  if (!isJson(value)) throw new Error('JSON.parse gave what is no JSON');
  return value;
}

/** Whether a value is an object, not an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list; none where it is no list. */
export function objectsOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** A copy of `value` in which `change` has had its say about every object, the inner ones first. */
export function mapObjects(value: JsonValue, change: (object: JsonObject) => JsonObject): JsonValue {
  if (Array.isArray(value)) return value.map((element) => mapObjects(element, change));
  if (!isJsonObject(value)) return value;
  const inner = Object.entries(value).map(([key, child]) => [key, mapObjects(child, change)] as const);
  return change(Object.fromEntries(inner));
}

function isJson(value: unknown): value is JsonValue {
  return value === null || ['boolean', 'number', 'string', 'object'].includes(typeof value);
}
