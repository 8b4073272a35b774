import type { EndpointSlice } from '#controller/api/gen/types.d.ts';
import type { AddressIr, ClusterIr } from '../ir/cluster.ts';
import { compare, type Resources } from '../resources/resources.ts';

/**
 * The addresses of a cluster, in an order that does not depend on that of events. `undefined` where Envoy resolves host
 * names by itself.
 */
export function endpointsOf({ source }: ClusterIr, resources: Resources): readonly AddressIr[] | undefined {
  switch (source.kind) {
    case 'dns':
      return undefined;
    case 'addresses':
      return source.addresses;
    case 'service': {
      const service = resources.get('Service', source.namespace, source.name);
      const port = service?.spec.ports?.find((candidate) => candidate.port === source.port);
      if (port === undefined) return [];
      const slices = resources.endpointSlices(source.namespace, source.name);
      const addresses = slices.flatMap((slice) => addressesOf(slice, port.name ?? ''));
      return [...new Map(addresses.map((address) => [`${address.address} ${address.port}`, address])).entries()]
        .sort(([a], [b]) => compare(a, b))
        .map(([, address]) => address);
    }
    default:
      return source satisfies never;
  }
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
