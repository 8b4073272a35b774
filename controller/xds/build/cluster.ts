import { enumMembers } from '#proto/load.ts';
import type { AddressIr, ClusterIr } from '../../ir/cluster.ts';
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

/** The endpoints of a cluster that is served by EDS; `probed` is the port that probes go to instead of their own. */
export function assignment(
  name: string,
  addresses: readonly AddressIr[],
  probed: number | undefined,
): Init<'envoy.config.endpoint.v3.ClusterLoadAssignment'> {
  return {
    clusterName: name,
    endpoints:
      addresses.length === 0
        ? []
        : [{ loadBalancingWeight: 1, lbEndpoints: addresses.map((address) => endpoint(address, probed)) }],
  };
}

function discovery(ir: ClusterIr): Init<'envoy.config.cluster.v3.Cluster'> {
  switch (ir.source.kind) {
    case 'service':
    case 'service-import':
    case 'addresses':
      return {
        clusterDiscoveryType: { case: 'type', value: enumMembers('envoy.config.cluster.v3.Cluster.DiscoveryType').EDS },
        edsClusterConfig: { edsConfig: adsSource(), serviceName: ir.name },
      };
    case 'dns': {
      const probed = ir.settings?.healthCheck?.active?.port;
      const isNamed = ir.tls?.sniOfEndpoint !== undefined;
      const hosts = ir.source.hosts.map(({ hostname, port }) =>
        endpoint({ kind: 'ip', address: hostname, port }, probed, isNamed ? hostname : undefined),
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
  hostname?: string,
): Init<'envoy.config.endpoint.v3.LbEndpoint'> {
  const check = {
    ...(probed === undefined ? {} : { healthCheckConfig: { portValue: probed } }),
    ...(hostname === undefined ? {} : { hostname }),
  };
  return {
    loadBalancingWeight: 1,
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
