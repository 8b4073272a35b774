import { createHash } from 'node:crypto';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { MessageTypes } from '#proto/gen/index.d.ts';
import { schema } from '#proto/load.ts';
import { withNeeds } from '#proto/needs.ts';
import type { PropertySource } from './filter-host.ts';

/** A policy as tests write it. */
export type PolicyInit = MessageInitShape<GenMessage<MessageTypes['sluice.filter.v1.Policy']>>;

/** The bytes of a policy and their id. */
export interface EncodedPolicy {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Encodes a policy as the controller does. */
export function encodePolicy(init: PolicyInit): EncodedPolicy {
  const type = schema('sluice.filter.v1.Policy');
  return identified(toBinary(type, withNeeds(type, create(type, init))));
}

/** Bytes with the id that belongs to them, whatever they are. */
export function identified(bytes: Uint8Array): EncodedPolicy {
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 32), bytes };
}

/** The properties of a request on a route that carries a policy, or none; `mark` stands behind the policy's id. */
export function onRoute(policy: EncodedPolicy | undefined, name = 'some-route', mark = ''): PropertySource {
  return (path) => {
    const key = path.join('.');
    if (key === 'xds.route_name') return name;
    if (key === 'xds.route_metadata.filter_metadata.sluice.policy.id')
      return policy === undefined ? undefined : policy.id + mark;
    if (key === 'xds.route_metadata.typed_filter_metadata.sluice.policy') return policy?.bytes;
    return undefined;
  };
}
