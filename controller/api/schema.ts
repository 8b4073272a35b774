/**
 * Structural schemas as data: the one source for types, defaults, validation, CRDs and reference pages.
 *
 * The vocabulary is that of a Kubernetes structural schema (CustomResourceDefinition, "Specifying a structural schema"):
 * every value has one type, unknown fields are refused unless said otherwise, defaults apply top down.
 */

/** Any JSON value, deeply read-only. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A CEL rule over `self` in Kubernetes' dialect; it accepts the value when it yields true. */
export type Rule = {
  readonly rule: string;
  /** What is accepted, as a phrase that completes the field's path: "must start with '/'". */
  readonly message: string;
  /** Where the error is shown, relative to the value the rule is on. */
  readonly fieldPath?: readonly string[];
};

/** What every schema may carry, whatever its type. */
export type Annotations = {
  readonly description?: string;
  /** Used when the field is absent; nested defaults apply inside it. */
  readonly default?: Json;
  readonly rules?: readonly Rule[];
  /** True on a property that must be present in its object. */
  readonly required?: boolean;
  /** True where an explicit null counts as absent, as in kinds that are built into Kubernetes; elsewhere null is refused. */
  readonly nullable?: boolean;
  /** True where the value must never be shown in a message. */
  readonly sensitive?: boolean;
  /** Shown in types and reference pages with what to use instead. */
  readonly deprecated?: string;
};

/** Formats beyond a pattern; each is checked by `formats.ts`. */
export type StringFormat =
  | 'date-time'
  | 'byte'
  | 'ip'
  | 'ipv4'
  | 'ipv6'
  | 'cidr'
  | 'uri'
  | 'gateway-duration'
  | 'go-duration'
  | 'quantity';

/** An object with known fields; others are refused unless `preserveUnknown`. */
export type ObjectSchema = Annotations & {
  readonly type: 'object';
  /** The name of its TypeScript interface and reference entry; an object without one is written in place. */
  readonly name?: string;
  readonly properties: { readonly [field: string]: Schema };
  readonly preserveUnknown?: boolean;
  readonly minProperties?: number;
};

/** An object whose keys are the user's. */
export type MapSchema = Annotations & {
  readonly type: 'map';
  readonly values: Schema;
  readonly keyPattern?: string;
  readonly minProperties?: number;
  readonly maxProperties?: number;
};

/** A list; `set` and `mapKeys` are Kubernetes' list types and refuse duplicates. */
export type ArraySchema = Annotations & {
  readonly type: 'array';
  readonly items: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly set?: boolean;
  readonly mapKeys?: readonly string[];
};

/** Text; lengths are in Unicode code points, as in JSON Schema. */
export type StringSchema = Annotations & {
  readonly type: 'string';
  readonly enum?: readonly string[];
  readonly pattern?: string;
  /** What the pattern accepts, in words, for messages. */
  readonly patternHint?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: StringFormat;
};

/** A whole number within the safe range of a double. */
export type IntegerSchema = Annotations & {
  readonly type: 'integer';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly number[];
};

/** Any finite number. */
export type NumberSchema = Annotations & {
  readonly type: 'number';
  readonly minimum?: number;
  readonly maximum?: number;
};

/** True or false. */
export type BooleanSchema = Annotations & { readonly type: 'boolean' };

/** A whole number or text (`x-kubernetes-int-or-string`); `quantity` restricts the text to a resource quantity. */
export type IntOrStringSchema = Annotations & {
  readonly type: 'int-or-string';
  readonly format?: 'quantity';
  readonly pattern?: string;
};

/** Any JSON (`x-kubernetes-preserve-unknown-fields`); `object` refuses what is not an object. */
export type JsonSchema = Annotations & { readonly type: 'json'; readonly object?: boolean };

/** Every schema, closed. */
export type Schema =
  | ObjectSchema
  | MapSchema
  | ArraySchema
  | StringSchema
  | IntegerSchema
  | NumberSchema
  | BooleanSchema
  | IntOrStringSchema
  | JsonSchema;

type Options<S> = Omit<S, 'type'>;
type Properties = { readonly [field: string]: Schema };

/** An object that is written in place in types. */
export function object(properties: Properties, options: Omit<Options<ObjectSchema>, 'properties'> = {}): ObjectSchema {
  return { ...options, type: 'object', properties };
}

/** An object with a name of its own in types and reference pages; one name means one shape. */
export function named(
  name: string,
  properties: Properties,
  options: Omit<Options<ObjectSchema>, 'properties' | 'name'> = {},
): ObjectSchema {
  return { ...options, type: 'object', name, properties };
}

/** An object whose keys are the user's. */
export function map(values: Schema, options: Omit<Options<MapSchema>, 'values'> = {}): MapSchema {
  return { ...options, type: 'map', values };
}

/** A list. */
export function array(items: Schema, options: Omit<Options<ArraySchema>, 'items'> = {}): ArraySchema {
  return { ...options, type: 'array', items };
}

/** Text. */
export function string(options: Options<StringSchema> = {}): StringSchema {
  return { ...options, type: 'string' };
}

/** Text out of a closed list. */
export function oneOf(values: readonly string[], options: Omit<Options<StringSchema>, 'enum'> = {}): StringSchema {
  return { ...options, type: 'string', enum: values };
}

/** A whole number. */
export function integer(options: Options<IntegerSchema> = {}): IntegerSchema {
  return { ...options, type: 'integer' };
}

/** A number. */
export function number(options: Options<NumberSchema> = {}): NumberSchema {
  return { ...options, type: 'number' };
}

/** True or false. */
export function boolean(options: Options<BooleanSchema> = {}): BooleanSchema {
  return { ...options, type: 'boolean' };
}

/** A whole number or text. */
export function intOrString(options: Options<IntOrStringSchema> = {}): IntOrStringSchema {
  return { ...options, type: 'int-or-string' };
}

/** A Kubernetes resource quantity: `16Ki`, `100m`, `1`. */
export function quantity(options: Omit<Options<IntOrStringSchema>, 'format'> = {}): IntOrStringSchema {
  return { ...options, type: 'int-or-string', format: 'quantity' };
}

/** A Gateway API duration (GEP-2257): up to four of h, m, s, ms with at most five digits each. */
export function duration(options: Omit<Options<StringSchema>, 'format'> = {}): StringSchema {
  return { ...options, type: 'string', format: 'gateway-duration' };
}

/** Any JSON, kept as written. */
export function json(options: Options<JsonSchema> = {}): JsonSchema {
  return { ...options, type: 'json' };
}

/** The same schema as a property that must be present. */
export function required<S extends Schema>(schema: S): S {
  return { ...schema, required: true };
}

/** The same schema with a default, so that the field is always present after validation. */
export function withDefault<S extends Schema>(schema: S, value: Json): S {
  return { ...schema, default: value };
}

/** The same schema with its own words in reference pages. */
export function described<S extends Schema>(description: string, schema: S): S {
  return { ...schema, description };
}
