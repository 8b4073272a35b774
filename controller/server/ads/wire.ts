import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { fromBinary } from '@bufbuild/protobuf';
import { schema } from '#proto/load.ts';
import type { XdsResource } from '../../xds/snapshot.ts';

/** What a client says on a delta stream: a subscription, an ACK or a NACK (xDS protocol, "Incremental xDS"). */
export interface DeltaRequest {
  readonly typeUrl: string;
  /** Empty on a request that answers no response. */
  readonly nonce: string;
  /** Envoy's words when it rejects the response with this nonce. */
  readonly error: string | undefined;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** On the first request for a type of a stream: the versions that the client still has. */
  readonly initialVersions: ReadonlyMap<string, string>;
}

/** What is sent on a delta stream, resources already encoded. */
export interface DeltaResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
}

/** Reads an `envoy.service.discovery.v3.DeltaDiscoveryRequest`; throws on bytes that are none. */
export function decodeDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const message = fromBinary(schema('envoy.service.discovery.v3.DeltaDiscoveryRequest'), bytes);
  return {
    typeUrl: message.typeUrl,
    nonce: message.responseNonce,
    error: message.errorDetail?.message,
    subscribe: message.resourceNamesSubscribe,
    unsubscribe: message.resourceNamesUnsubscribe,
    initialVersions: new Map(Object.entries(message.initialResourceVersions)),
  };
}

/** Writes an `envoy.service.discovery.v3.DeltaDiscoveryResponse` by concatenation: no resource is encoded again. */
export function encodeDeltaResponse(response: DeltaResponse): Buffer {
  const head = new BinaryWriter()
    .tag(4, WireType.LengthDelimited)
    .string(response.typeUrl)
    .tag(5, WireType.LengthDelimited)
    .string(response.nonce);
  for (const name of response.removed) head.tag(6, WireType.LengthDelimited).string(name);
  return Buffer.concat([head.finish(), ...response.resources.map((resource) => resource.wire)]);
}
