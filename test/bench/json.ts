/** An object of parsed JSON. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Parsed JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** Parses JSON of which more is not known. */
export function parseJson(text: string): Json {
  // JSON.parse gives nothing but what Json describes (ECMA-404).
  return JSON.parse(text) as Json;
}

/** Whether a value is an object, not an array. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list; none where it is no list. */
export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** A copy of `value` in which `change` has had its say about every object, the inner ones first. */
export function mapObjects(value: Json, change: (object: JsonObject) => JsonObject): Json {
  if (Array.isArray(value)) return value.map((element: Json) => mapObjects(element, change));
  if (!isJsonObject(value)) return value;
  const inner = Object.entries(value).map(([key, child]) => [key, mapObjects(child, change)] as const);
  return change(Object.fromEntries(inner));
}
