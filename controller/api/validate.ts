import { compile, isObject } from './compile.ts';
import { envoyGatewayConfig } from './envoy-gateway/envoy-gateway-config.ts';
import type { FaultReason } from './fault.ts';
import type { FieldPath } from './field-path.ts';
import type { EnvoyGateway, KindName, ResourceOf } from './gen/types.d.ts';
import { kindOf } from './registry.ts';
import type { Fault } from './fault.ts';
import type { Schema } from './schema.ts';

/** One thing that is wrong with a value: where, why, and what was found and is accepted. */
export type ValidationError = {
  readonly reason: FaultReason;
  readonly path: FieldPath;
  /** Names what was found and what is accepted; complete with the object and the path before it. */
  readonly message: string;
  readonly found?: string;
  readonly accepted?: string;
};

/** A value that is right, defaulted and frozen; or everything that is wrong with it (at most `maxFaults`). */
export type Validation<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly ValidationError[] };

/** Checks an untrusted value against a schema: shape, unknown fields, formats, duplicates, CEL rules. */
export function validateSchema(schema: Schema, value: unknown): Validation<unknown> {
  const faults: Fault[] = [];
  const result = compile(schema)(value, faults);
  return faults.length === 0 ? { ok: true, value: result } : { ok: false, errors: faults };
}

/** Checks an untrusted value as an object of a kind, in that kind's storage version (see `convert.ts`). */
export function validate<K extends KindName>(kind: K, value: unknown): Validation<ResourceOf<K>> {
  const result = validateSchema(kindOf(kind).schema, value);
  if (!result.ok) return result;
  if (!isOfKind(kind, result.value)) throw new Error(`the schema of ${kind} accepted an object of another kind`);
  return { ok: true, value: result.value };
}

/** The schema accepted the value, and the type is generated from that schema: the name of the kind is all that is left to see. */
function isOfKind<K extends KindName>(kind: K, value: unknown): value is ResourceOf<K> {
  return isObject(value) && value['kind'] === kind;
}

/** Checks an untrusted value as the configuration file's document, kind EnvoyGateway. */
export function validateConfig(value: unknown): Validation<EnvoyGateway> {
  const result = validateSchema(envoyGatewayConfig, value);
  if (!result.ok) return result;
  if (!isConfig(result.value)) throw new Error('the schema of EnvoyGateway accepted an object of another kind');
  return { ok: true, value: result.value };
}

function isConfig(value: unknown): value is EnvoyGateway {
  return isObject(value) && value['kind'] === 'EnvoyGateway';
}
