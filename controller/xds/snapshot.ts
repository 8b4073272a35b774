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
  /** The file that the client is to load, where there is one: it rejects the resource while it has none. */
  readonly file?: string;
}

/** Resources of one kind, by name. */
export type XdsResources = ReadonlyMap<string, XdsResource>;

/** Everything one proxy is to have, by kind and name. A kind may be made only when it is looked at. */
export type XdsSnapshot = { readonly [T in XdsType]: XdsResources };

/** A snapshot without any resource. */
export const EMPTY_SNAPSHOT: XdsSnapshot = {
  listener: new Map(),
  route: new Map(),
  'virtual-host': new Map(),
  cluster: new Map(),
  endpoint: new Map(),
  secret: new Map(),
  'extension-config': new Map(),
};

/** Makes what of a snapshot has not been looked at yet. */
export function makeWhole(snapshot: XdsSnapshot): XdsSnapshot {
  return { ...snapshot };
}

/** Wraps the encoded message `body` as a resource of `type` called `name`. The body is copied once. */
export function xdsResource(type: XdsType, name: string, body: Uint8Array): XdsResource {
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 16);
  // Any { type_url = 1, value = 2 } within Resource { version = 1, resource = 2, name = 3 } within `resources` = 2.
  const anyHead = new BinaryWriter().tag(1, LEN).string(typeUrl(type)).tag(2, LEN).uint32(body.length).finish();
  const anyLength = anyHead.length + body.length;
  const head = new BinaryWriter().tag(1, LEN).string(version).tag(2, LEN).uint32(anyLength).finish();
  const tail = new BinaryWriter().tag(3, LEN).string(name).finish();
  const field = new BinaryWriter()
    .tag(2, LEN)
    .uint32(head.length + anyLength + tail.length)
    .finish();
  return { name, version, wire: Buffer.concat([field, head, anyHead, body, tail]) };
}

const LEN = WireType.LengthDelimited;
