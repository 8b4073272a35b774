import type { KindSchema } from './kind.ts';
import { apiVersionOf } from './kind.ts';

type JsonObject = { readonly [key: string]: unknown };

/**
 * Changes of shape on the way to the storage version, by `Kind/version`; a version without an entry has the storage version's shape.
 *
 * Gateway API's v1alpha2 and v1beta1 of GatewayClass, Gateway, HTTPRoute, GRPCRoute, TCPRoute, UDPRoute and ReferenceGrant only gained fields on
 * their way to v1.
 */
const conversions: { readonly [kindAndVersion: string]: (object: JsonObject) => JsonObject } = {};

/** An object of a known version in the storage version of its kind; undefined when the kind has no such version. */
export function convert(kind: KindSchema, version: string, object: JsonObject): JsonObject | undefined {
  if (!kind.versions.includes(version)) return undefined;
  if (version === kind.storageVersion) return object;
  const changed = conversions[`${kind.kind}/${version}`]?.(object) ?? object;
  return { ...changed, apiVersion: apiVersionOf(kind.group, kind.storageVersion) };
}
