import { createHash } from 'node:crypto';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type XdsType, typeUrl } from './types.ts';

/**
 * One resource, encoded once and sent as often as needed.
 *
 * `version` is derived from the bytes alone: equal content has an equal version in every process and at every time,
 * so that a client which reconnects is sent only what differs (`initial_resource_versions`).
 */
export interface XdsResource {
  readonly name: string;
  readonly version: string;
  /** The resource as field 2 (`resources`) of `envoy.service.discovery.v3.DeltaDiscoveryResponse`, tag included. */
  readonly wire: Uint8Array;
}

/** Everything one proxy is to have, by kind and name. */
export type XdsSnapshot = { readonly [T in XdsType]: ReadonlyMap<string, XdsResource> };

/** A snapshot without any resource. */
export const EMPTY_SNAPSHOT: XdsSnapshot = {
  listener: new Map(),
  route: new Map(),
  cluster: new Map(),
  endpoint: new Map(),
  secret: new Map(),
  'extension-config': new Map(),
};

/** Wraps the encoded message `body` as a resource of `type` called `name`. */
export function xdsResource(type: XdsType, name: string, body: Uint8Array): XdsResource {
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 16);
  const any = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(typeUrl(type))
    .tag(2, WireType.LengthDelimited)
    .bytes(body)
    .finish();
  const resource = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(version)
    .tag(2, WireType.LengthDelimited)
    .bytes(any)
    .tag(3, WireType.LengthDelimited)
    .string(name)
    .finish();
  const wire = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(resource).finish();
  return { name, version, wire };
}
