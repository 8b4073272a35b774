/** An object of JSON of which nothing is known. */
export type JsonObject = { readonly [field: string]: unknown };

/** The fields of an object that are there and among `fields`, in their order. */
export function pick(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(fields.flatMap((field) => (object[field] === undefined ? [] : [[field, object[field]]])));
}
