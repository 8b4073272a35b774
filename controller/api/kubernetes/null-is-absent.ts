import type { Schema } from '../schema.ts';
import { unreachable } from '../unreachable.ts';

type Properties = { readonly [field: string]: Schema };

/**
 * Fields of Kubernetes' own types, in all of which an explicit null counts as absent: Go decodes it so.
 *
 * Custom resources differ (an API server refuses a null there), and that is kept: `jwt:` with nothing behind it must not mean "no JWT".
 */
export function nullIsAbsent(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([field, schema]) => [field, { ...within(schema), nullable: true }]),
  );
}

function within(schema: Schema): Schema {
  switch (schema.type) {
    case 'object':
      return { ...schema, properties: nullIsAbsent(schema.properties) };
    case 'map':
      return { ...schema, values: within(schema.values) };
    case 'array':
      return { ...schema, items: within(schema.items) };
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
    case 'int-or-string':
    case 'json':
      return schema;
    default:
      return unreachable(schema);
  }
}
