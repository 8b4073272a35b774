import type { RuleCheck } from './cel.ts';
import { ruleCheck } from './cel.ts';
import {
  compileInteger,
  compileIntOrString,
  compileNumber,
  compileString,
  maxPatternLength,
} from './compile-scalar.ts';
import type { Fault } from './fault.ts';
import { prefix, refuse, refuseType, refuseUnknown, show } from './fault.ts';
import type { ArraySchema, JsonSchema, MapSchema, ObjectSchema, Rule, Schema } from './schema.ts';
import { unreachable } from './unreachable.ts';

/**
 * Compiles a schema to a closure, once: the check walks the value, not the schema.
 *
 * A check takes an untrusted value and yields the defaulted, frozen one, its fields in the schema's order (so that objects of one kind share one
 * shape in memory); what is wrong is added to `faults`, and then the result means nothing. JSON blobs are frozen in place, all else is new.
 */
export type Check = (value: unknown, faults: Fault[]) => unknown;

const compiled = new WeakMap<Schema, Check>();

/** The check of a schema. */
export function compile(schema: Schema): Check {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const check = withRules(compileShape(schema), schema.rules ?? []);
  compiled.set(schema, check);
  return check;
}

function compileShape(schema: Schema): Check {
  switch (schema.type) {
    case 'object':
      return compileObject(schema);
    case 'map':
      return compileMap(schema);
    case 'array':
      return compileArray(schema);
    case 'string':
      return compileString(schema);
    case 'integer':
      return compileInteger(schema);
    case 'number':
      return compileNumber(schema);
    case 'int-or-string':
      return compileIntOrString(schema);
    case 'boolean':
      return (value, faults) => {
        if (typeof value !== 'boolean') refuseType(faults, 'true or false', value);
        return value;
      };
    case 'json':
      return compileJson(schema);
    default:
      return unreachable(schema);
  }
}

/** Rules see only values whose shape is right, as in an API server. */
function withRules(check: Check, rules: readonly Rule[]): Check {
  if (rules.length === 0) return check;
  let ready: readonly { readonly rule: Rule; readonly accepts: RuleCheck }[] | undefined;
  return (value, faults) => {
    const before = faults.length;
    const result = check(value, faults);
    if (faults.length > before) return result;
    ready ??= rules.map((rule) => ({ rule, accepts: ruleCheck(rule) }));
    for (const { rule, accepts } of ready) {
      if (!accepts(result)) refuse(faults, { reason: 'rule', message: rule.message }, rule.fieldPath);
    }
    return result;
  };
}

type Field = {
  readonly name: string;
  readonly check: Check;
  readonly required: boolean;
  readonly nullable: boolean;
  /** The default, itself checked, defaulted and frozen; shared by all objects. */
  readonly fallback: unknown;
};

function compileField([name, schema]: readonly [string, Schema]): Field {
  const check = compile(schema);
  return {
    name,
    check,
    required: schema.required === true,
    nullable: schema.nullable === true || schema.default !== undefined,
    fallback: schema.default === undefined ? undefined : checkedDefault(name, check, schema.default),
  };
}

function checkedDefault(name: string, check: Check, value: unknown): unknown {
  const faults: Fault[] = [];
  const result = check(value, faults);
  if (faults.length > 0) throw new Error(`the default of ${name} breaks its own schema: ${faults[0]?.message}`);
  return result;
}

function compileObject(schema: ObjectSchema): Check {
  const fields = Object.entries(schema.properties).map(compileField);
  const names = fields.map(({ name }) => name);
  const known = new Set(names);
  return (value, faults) => {
    if (!isObject(value)) {
      refuseType(faults, 'an object', value);
      return value;
    }
    const result: Record<string, unknown> = {};
    let seen = 0;
    for (const field of fields) {
      const given = value[field.name];
      if (given !== undefined) seen += 1;
      const found = given === null && field.nullable ? undefined : given;
      if (found === undefined) absent(field, result, faults);
      else {
        const before = faults.length;
        result[field.name] = field.check(found, faults);
        if (faults.length > before) prefix(faults, before, field.name);
      }
    }
    const keys = Object.keys(value);
    if (keys.length > seen) unknownFields(schema, keys, value, known, names, result, faults);
    if (schema.minProperties !== undefined && keys.length < schema.minProperties) {
      refuse(faults, {
        reason: 'length',
        message: `must have at least ${schema.minProperties} of ${names.join(', ')}`,
      });
    }
    return Object.freeze(result);
  };
}

function absent(field: Field, result: Record<string, unknown>, faults: Fault[]): void {
  if (field.fallback !== undefined) result[field.name] = field.fallback;
  else if (field.required) refuse(faults, { reason: 'missing', message: 'must be present, is missing' }, [field.name]);
}

function unknownFields(
  schema: ObjectSchema,
  keys: readonly string[],
  value: { readonly [key: string]: unknown },
  known: ReadonlySet<string>,
  names: readonly string[],
  result: Record<string, unknown>,
  faults: Fault[],
): void {
  for (const key of keys) {
    if (known.has(key)) continue;
    if (schema.preserveUnknown === true) put(result, key, freezeDeep(value[key]));
    else refuseUnknown(faults, key, names);
  }
}

function compileMap(schema: MapSchema): Check {
  const check = compile(schema.values);
  const nullable = schema.values.nullable === true;
  const pattern = schema.keyPattern === undefined ? undefined : new RegExp(schema.keyPattern, 'u');
  return (value, faults) => {
    if (!isObject(value)) {
      refuseType(faults, 'an object', value);
      return value;
    }
    const result: Record<string, unknown> = {};
    const keys = Object.keys(value);
    for (const key of keys) {
      const given = value[key];
      if (pattern !== undefined && (key.length > maxPatternLength || !pattern.test(key))) {
        refuse(faults, { reason: 'pattern', message: `the key must match ${pattern.source}`, found: show(key) }, [key]);
      }
      if (given === null && nullable) continue;
      const before = faults.length;
      put(result, key, check(given, faults));
      if (faults.length > before) prefix(faults, before, key);
    }
    checkCount(schema.minProperties, schema.maxProperties, keys.length, 'entries', faults);
    return Object.freeze(result);
  };
}

function compileArray(schema: ArraySchema): Check {
  const check = compile(schema.items);
  const { mapKeys } = schema;
  const identity: ((item: unknown) => unknown) | undefined =
    mapKeys === undefined ? (schema.set === true ? (item) => item : undefined) : (item) => keyValues(item, mapKeys);
  return (value, faults) => {
    if (!Array.isArray(value)) {
      refuseType(faults, 'a list', value);
      return value;
    }
    const start = faults.length;
    const result: unknown[] = [];
    for (const [index, item] of value.entries()) {
      const before = faults.length;
      result.push(check(item, faults));
      if (faults.length > before) prefix(faults, before, index);
    }
    checkCount(schema.minItems, schema.maxItems, value.length, 'items', faults);
    if (identity !== undefined && faults.length === start) checkDuplicates(result, identity, mapKeys, faults);
    return Object.freeze(result);
  };
}

function keyValues(item: unknown, mapKeys: readonly string[]): unknown {
  if (!isObject(item)) return item;
  const [first] = mapKeys;
  return mapKeys.length === 1 && first !== undefined ? item[first] : JSON.stringify(mapKeys.map((key) => item[key]));
}

function checkDuplicates(
  items: readonly unknown[],
  identity: (item: unknown) => unknown,
  mapKeys: readonly string[] | undefined,
  faults: Fault[],
): void {
  if (items.length < 2) return;
  const seen = new Map<unknown, number>();
  for (const [index, item] of items.entries()) {
    const id = identity(item);
    const first = seen.get(id);
    if (first === undefined) seen.set(id, index);
    else {
      const what = mapKeys === undefined ? '' : `${mapKeys.join(' and ')} `;
      const message = `must not repeat ${what}${show(id)}, which item ${first} has`;
      refuse(faults, { reason: 'duplicate', message, found: show(id) }, [index]);
    }
  }
}

function checkCount(
  minimum: number | undefined,
  maximum: number | undefined,
  count: number,
  what: string,
  faults: Fault[],
): void {
  if (minimum !== undefined && count < minimum) {
    refuse(faults, { reason: 'length', message: `must have at least ${minimum} ${what}, found ${count}` });
  }
  if (maximum !== undefined && count > maximum) {
    refuse(faults, { reason: 'length', message: `must have at most ${maximum} ${what}, found ${count}` });
  }
}

function compileJson(schema: JsonSchema): Check {
  return (value, faults) => {
    if (schema.object === true && !isObject(value)) refuseType(faults, 'an object', value);
    return freezeDeep(value);
  };
}

/** Sets a field whose name is the user's; `__proto__` becomes a field like any other. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  target[key] = value;
}

/** Freezes a JSON value and all in it. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) freezeDeep(child);
  return value;
}

/** Whether a value is an object with fields, not a list and not null. */
export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
