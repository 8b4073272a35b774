import type { EndpointSlice } from '#controller/api/gen/types.d.ts';
import type { AddressIr, ClusterIr } from '../ir/cluster.ts';
import { compare, type Resources } from '../resources/resources.ts';
import { transportOf } from './clusters.ts';
import { importOwner } from '../resources/slice-owners.ts';

/**
 * The addresses of a cluster, in an order that does not depend on that of events. `undefined` where Envoy resolves host
 * names by itself.
 */
export function endpointsOf({ source, protocol }: ClusterIr, resources: Resources): readonly AddressIr[] | undefined {
  const transport = transportOf(protocol);
  switch (source.kind) {
    case 'dns':
      return undefined;
    case 'addresses':
      return source.addresses;
    case 'service': {
      const service = resources.get('Service', source.namespace, source.name);
      return addressesBehind({ ...source, transport }, service, source.name, resources);
    }
    case 'service-import': {
      const imported = resources.get('ServiceImport', source.namespace, source.name);
      return addressesBehind({ ...source, transport }, imported, importOwner(source.name), resources);
    }
    case 'several':
      return source.parts.flatMap(({ cluster }) => endpointsOf(cluster, resources) ?? []);
    default:
      return source satisfies never;
  }
}

interface Ported {
  readonly spec: {
    readonly ports?: readonly { readonly port: number; readonly name?: string; readonly protocol: string }[];
  };
}

interface Wanted {
  readonly namespace: string;
  readonly port: number;
  readonly transport: 'TCP' | 'UDP';
}

function addressesBehind(
  { namespace, port, transport }: Wanted,
  object: Ported | undefined,
  owner: string,
  resources: Resources,
): readonly AddressIr[] {
  const found = object?.spec.ports?.find((candidate) => candidate.port === port && candidate.protocol === transport);
  if (found === undefined) return [];
  const slices = resources.endpointSlices(namespace, owner);
  const addresses = slices.flatMap((slice) => addressesOf(slice, found.name ?? ''));
  return [...new Map(addresses.map((address) => [`${address.address} ${address.port}`, address])).entries()]
    .sort(([a], [b]) => compare(a, b))
    .map(([, address]) => address);
}

type IpAddress = AddressIr & { kind: 'ip' };

/** The endpoints of one slice that take requests, at the port of this name (discovery.k8s.io/v1 EndpointSlice). */
function addressesOf({ addressType, endpoints, ports }: EndpointSlice, portName: string): IpAddress[] {
  if (addressType === 'FQDN') return [];
  const found = ports.find(({ name }) => name === portName)?.port;
  if (found === undefined) return [];
  return endpoints
    .filter(({ conditions }) => conditions.ready !== false)
    .flatMap(({ addresses }) => addresses.map((address) => ({ kind: 'ip', address, port: found }) as const));
}
