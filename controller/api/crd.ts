import type { KindSchema } from './kind.ts';
import type { ArraySchema, IntOrStringSchema, Json, MapSchema, ObjectSchema, Schema, StringSchema } from './schema.ts';
import { unreachable } from './unreachable.ts';

/**
 * Renders kinds as CustomResourceDefinitions (apiextensions.k8s.io/v1): schemas in, objects out, the same for the same schemas.
 *
 * An API server gives the verdict that a file would be given (`validate.ts`), so far as it can be told to: it prunes unknown
 * fields where kubectl does not ask it to refuse them.
 */
type JsonObject = { readonly [field: string]: Json };

/** The definition of a kind, with its storage version alone. */
export function customResourceDefinition(kind: KindSchema): JsonObject {
  const { status } = kind.schema.properties;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
        ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
      },
      scope: kind.scope,
      versions: [
        {
          name: kind.storageVersion,
          served: true,
          storage: true,
          additionalPrinterColumns: printerColumns(status),
          schema: { openAPIV3Schema: rootSchema(kind.schema) },
          ...(status === undefined ? {} : { subresources: { status: {} } }),
        },
      ],
    },
  };
}

/** What `kubectl get` shows beside the name. */
function printerColumns(status: Schema | undefined): readonly Json[] {
  const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
  const accepted = (jsonPath: string): Json => ({ name: 'Accepted', type: 'string', jsonPath });
  const where = 'conditions[?(@.type=="Accepted")].status';
  if (status?.type !== 'object') return [age];
  if ('ancestors' in status.properties) return [accepted(`.status.ancestors[*].${where}`), age];
  return 'conditions' in status.properties ? [accepted(`.status.${where}`), age] : [age];
}

/** The parts that every object has are the API server's own. */
function rootSchema(schema: ObjectSchema): JsonObject {
  const { apiVersion: _, kind: __, metadata: ___, ...body } = schema.properties;
  const { properties, ...rest } = objectSchema({ ...schema, properties: body });
  const own = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } };
  return { ...rest, ...annotations(schema), properties: { ...own, ...(isJsonObject(properties) ? properties : {}) } };
}

/** A schema as a structural schema (Kubernetes, "Specifying a structural schema"). */
export function structuralSchema(schema: Schema): JsonObject {
  return { ...shape(schema), ...annotations(schema) };
}

function annotations(schema: Schema): JsonObject {
  const words = [schema.description, schema.deprecated === undefined ? undefined : `Deprecated: ${schema.deprecated}`];
  const description = words.filter((part) => part !== undefined).join(' ');
  const rules = [...(schema.rules ?? []), ...keyRules(schema)];
  return {
    ...(description === '' ? {} : { description }),
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(schema.nullable === true ? { nullable: true } : {}),
    ...(rules.length === 0
      ? {}
      : {
          'x-kubernetes-validations': rules.map(({ rule, message, fieldPath }) => ({
            rule,
            message,
            ...(fieldPath === undefined ? {} : { fieldPath: fieldPath.map((field) => `.${field}`).join('') }),
          })),
        }),
  };
}

/** Structural schemas say nothing of the keys of a map. */
function keyRules(schema: Schema): NonNullable<Schema['rules']> {
  if (schema.type !== 'map' || schema.keyPattern === undefined) return [];
  const pattern = JSON.stringify(schema.keyPattern);
  return [
    { rule: `self.all(key, key.matches(${pattern}))`, message: `must have keys that match ${schema.keyPattern}` },
  ];
}

function shape(schema: Schema): JsonObject {
  switch (schema.type) {
    case 'object':
      return objectSchema(schema);
    case 'map':
      return mapSchema(schema);
    case 'array':
      return arraySchema(schema);
    case 'string':
      return stringSchema(schema);
    case 'integer':
      return {
        type: 'integer',
        format: 'int64',
        ...defined({ minimum: schema.minimum, maximum: schema.maximum, enum: schema.enum }),
      };
    case 'number':
      return { type: 'number', ...defined({ minimum: schema.minimum, maximum: schema.maximum }) };
    case 'int-or-string':
      return intOrStringSchema(schema);
    case 'boolean':
      return { type: 'boolean' };
    case 'json':
      return { ...(schema.object === true ? { type: 'object' } : {}), 'x-kubernetes-preserve-unknown-fields': true };
    default:
      return unreachable(schema);
  }
}

function objectSchema(schema: ObjectSchema): JsonObject {
  const fields = Object.entries(schema.properties);
  const required = fields.filter(([, { required: must }]) => must === true).map(([name]) => name);
  return {
    type: 'object',
    ...(fields.length === 0
      ? {}
      : { properties: Object.fromEntries(fields.map(([name, child]) => [name, structuralSchema(child)])) }),
    ...(required.length === 0 ? {} : { required }),
    ...(schema.preserveUnknown === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...defined({ minProperties: schema.minProperties }),
  };
}

function mapSchema(schema: MapSchema): JsonObject {
  return {
    type: 'object',
    additionalProperties: structuralSchema(schema.values),
    ...defined({ minProperties: schema.minProperties, maxProperties: schema.maxProperties }),
  };
}

function arraySchema(schema: ArraySchema): JsonObject {
  const { mapKeys } = schema;
  return {
    type: 'array',
    items: structuralSchema(schema.items),
    ...defined({ minItems: schema.minItems, maxItems: schema.maxItems }),
    ...(schema.set === true ? { 'x-kubernetes-list-type': 'set' } : {}),
    ...(mapKeys === undefined ? {} : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': mapKeys }),
  };
}

/** Formats by what an API server has for them: its own formats, or patterns (RE2). */
const FORMATS: { readonly [F in NonNullable<StringSchema['format']>]: JsonObject } = {
  'date-time': { format: 'date-time' },
  byte: { format: 'byte' },
  ip: { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
  ipv4: { format: 'ipv4' },
  ipv6: { format: 'ipv6' },
  cidr: { format: 'cidr' },
  uri: { format: 'uri' },
  'gateway-duration': { pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' },
  'go-duration': { pattern: '^[+-]?(0|([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$' },
  quantity: { pattern: '^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$' },
};

function stringSchema(schema: StringSchema): JsonObject {
  const { format, pattern } = schema;
  const own = format === undefined ? {} : FORMATS[format];
  const both = pattern !== undefined && 'pattern' in own;
  return {
    type: 'string',
    ...defined({ enum: schema.enum, minLength: schema.minLength, maxLength: schema.maxLength }),
    ...(both ? { allOf: [own, { pattern }] } : { ...own, ...defined({ pattern }) }),
  };
}

function intOrStringSchema({ format, pattern }: IntOrStringSchema): JsonObject {
  return {
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    'x-kubernetes-int-or-string': true,
    ...(format === undefined ? {} : FORMATS[format]),
    ...defined({ pattern }),
  };
}

function defined(members: { readonly [field: string]: Json | undefined }): JsonObject {
  return Object.fromEntries(
    Object.entries(members).flatMap(([field, value]): [string, Json][] =>
      value === undefined ? [] : [[field, value]],
    ),
  );
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
