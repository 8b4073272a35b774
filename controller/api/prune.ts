import { isObject } from './compile.ts';
import type { Schema } from './schema.ts';

/**
 * A value without the fields that its schema does not know. Right for kinds that others define and extend (Service, Secret):
 * what is new in them says nothing that we go by. Of our own kinds an unknown field is a mistake.
 */
export function pruned(schema: Schema, value: unknown): unknown {
  switch (schema.type) {
    case 'object':
      if (!isObject(value) || schema.preserveUnknown === true) return value;
      return Object.fromEntries(
        Object.entries(value).flatMap(([field, inner]) => {
          const known = schema.properties[field];
          return known === undefined ? [] : [[field, pruned(known, inner)]];
        }),
      );
    case 'map':
      if (!isObject(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pruned(schema.values, inner)]));
    case 'array':
      return Array.isArray(value) ? value.map((inner) => pruned(schema.items, inner)) : value;
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
    case 'int-or-string':
    case 'json':
      return value;
    default:
      return schema satisfies never;
  }
}
