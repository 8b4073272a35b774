import { enumMembers } from '#proto/load.ts';
import type { AddressIr, AssignmentIr, ClusterIr, ShareIr } from '../../ir/cluster.ts';
import { adsSource } from './config-source.ts';
import { duration, type Init } from './message.ts';

/** The Envoy cluster of a group of endpoints. */
export function cluster(ir: ClusterIr): Init<'envoy.config.cluster.v3.Cluster'> {
  return {
    name: ir.name,
    connectTimeout: duration(10_000),
    perConnectionBufferLimitBytes: 32_768,
    lbPolicy: enumMembers('envoy.config.cluster.v3.Cluster.LbPolicy').LEAST_REQUEST,
    ignoreHealthOnHostRemoval: true,
    ...discovery(ir),
  };
}

/** The endpoints of a cluster that is served by EDS. */
export function assignment({
  cluster: clusterName,
  addresses,
  shares = [{ addresses, weight: 1, fallback: false }],
  probedPort,
}: AssignmentIr): Init<'envoy.config.endpoint.v3.ClusterLoadAssignment'> {
  const weights = endpointWeights(shares);
  const ofPriority = (isFallback: boolean): readonly Init<'envoy.config.endpoint.v3.LbEndpoint'>[] =>
    shares.flatMap((share, index) =>
      share.fallback === isFallback ? share.addresses.map((one) => endpoint(one, probedPort, weights[index])) : [],
    );
  const [usual, fallback] = [ofPriority(false), ofPriority(true)];
  // The first priority has to be there: without others the fallback is all there is.
  const priorities = [usual, fallback].filter((endpoints) => endpoints.length > 0);
  return {
    clusterName,
    endpoints: priorities.map((lbEndpoints, priority) => ({
      loadBalancingWeight: 1,
      lbEndpoints: [...lbEndpoints],
      ...(priority === 0 ? {} : { priority }),
    })),
  };
}

/** Weights as fine as it takes; of all endpoints together Envoy takes no more than 4,294,967,295. */
const FINENESS = 1_000_000;

/** The weight of each endpoint of a share, so that a back-end has its share of the requests however many endpoints it has. */
function endpointWeights(shares: readonly ShareIr[]): readonly number[] {
  const used = shares.filter(({ addresses }) => addresses.length > 0);
  const each = shares.map(({ weight, addresses }) => weight / Math.max(1, addresses.length));
  const ofUsed = used.map(({ weight, addresses }) => weight / addresses.length);
  if (new Set(ofUsed).size <= 1) return shares.map(() => 1);
  const sum = used.reduce((total, { weight }) => total + weight, 0);
  return each.map((weight) => Math.max(1, Math.round((weight / sum) * FINENESS)));
}

function discovery(ir: ClusterIr): Init<'envoy.config.cluster.v3.Cluster'> {
  switch (ir.source.kind) {
    case 'service':
    case 'service-import':
    case 'addresses':
    case 'several':
      return {
        clusterDiscoveryType: { case: 'type', value: enumMembers('envoy.config.cluster.v3.Cluster.DiscoveryType').EDS },
        edsClusterConfig: { edsConfig: adsSource(), serviceName: ir.name },
      };
    case 'dns': {
      const probed = ir.settings?.healthCheck?.active?.port;
      const isNamed = ir.tls?.sniOfEndpoint !== undefined;
      const hosts = ir.source.hosts.map(({ hostname, port }) =>
        endpoint({ kind: 'ip', address: hostname, port }, probed, 1, isNamed ? hostname : undefined),
      );
      return {
        clusterDiscoveryType: {
          case: 'type',
          value: enumMembers('envoy.config.cluster.v3.Cluster.DiscoveryType').STRICT_DNS,
        },
        dnsLookupFamily: enumMembers('envoy.config.cluster.v3.Cluster.DnsLookupFamily').V4_PREFERRED,
        respectDnsTtl: true,
        loadAssignment: { clusterName: ir.name, endpoints: [{ lbEndpoints: hosts }] },
      };
    }
    default:
      return ir.source satisfies never;
  }
}

function endpoint(
  address: AddressIr,
  probed: number | undefined,
  loadBalancingWeight = 1,
  hostname?: string,
): Init<'envoy.config.endpoint.v3.LbEndpoint'> {
  const check = {
    ...(probed === undefined ? {} : { healthCheckConfig: { portValue: probed } }),
    ...(hostname === undefined ? {} : { hostname }),
  };
  return {
    loadBalancingWeight,
    hostIdentifier: { case: 'endpoint', value: { address: socketAddress(address), ...check } },
  };
}

type Protocol = NonNullable<Init<'envoy.config.core.v3.SocketAddress'>['protocol']>;

/** An address as Envoy writes it. */
export function socketAddress(
  address: AddressIr,
  protocol: Protocol = enumMembers('envoy.config.core.v3.SocketAddress.Protocol').TCP,
  ipv4Compat = false,
): Init<'envoy.config.core.v3.Address'> {
  switch (address.kind) {
    case 'ip':
      return {
        address: {
          case: 'socketAddress',
          value: {
            address: address.address,
            portSpecifier: { case: 'portValue', value: address.port },
            protocol,
            ipv4Compat,
          },
        },
      };
    case 'unix':
      return { address: { case: 'pipe', value: { path: address.path } } };
    default:
      return address satisfies never;
  }
}
