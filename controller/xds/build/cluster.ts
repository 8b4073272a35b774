import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { AddressIr, ClusterIr } from '../../ir/cluster.ts';
import { adsSource } from './config-source.ts';
import { any, duration, type Init } from './message.ts';

const HTTP_PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** The Envoy cluster of a group of endpoints. */
export function cluster(ir: ClusterIr): Init<'envoy.config.cluster.v3.Cluster'> {
  return {
    name: ir.name,
    connectTimeout: duration(10_000),
    perConnectionBufferLimitBytes: 32_768,
    lbPolicy: enumMembers('envoy.config.cluster.v3.Cluster.LbPolicy').LEAST_REQUEST,
    ignoreHealthOnHostRemoval: true,
    ...discovery(ir),
    ...(ir.protocol === 'http2' ? { typedExtensionProtocolOptions: { [HTTP_PROTOCOL_OPTIONS]: http2() } } : {}),
  };
}

/** The endpoints of a cluster that is served by EDS. */
export function assignment(
  name: string,
  addresses: readonly AddressIr[],
): Init<'envoy.config.endpoint.v3.ClusterLoadAssignment'> {
  return {
    clusterName: name,
    endpoints: addresses.length === 0 ? [] : [{ loadBalancingWeight: 1, lbEndpoints: addresses.map(endpoint) }],
  };
}

function discovery(ir: ClusterIr): Init<'envoy.config.cluster.v3.Cluster'> {
  switch (ir.source.kind) {
    case 'service':
    case 'addresses':
      return {
        clusterDiscoveryType: { case: 'type', value: enumMembers('envoy.config.cluster.v3.Cluster.DiscoveryType').EDS },
        edsClusterConfig: { edsConfig: adsSource(), serviceName: ir.name },
      };
    case 'dns': {
      const hosts = ir.source.hosts.map(({ hostname, port }) => endpoint({ kind: 'ip', address: hostname, port }));
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

function endpoint(address: AddressIr): Init<'envoy.config.endpoint.v3.LbEndpoint'> {
  return {
    loadBalancingWeight: 1,
    hostIdentifier: { case: 'endpoint', value: { address: socketAddress(address) } },
  };
}

/** An address as Envoy writes it. */
export function socketAddress(address: AddressIr): Init<'envoy.config.core.v3.Address'> {
  switch (address.kind) {
    case 'ip':
      return {
        address: {
          case: 'socketAddress',
          value: { address: address.address, portSpecifier: { case: 'portValue', value: address.port } },
        },
      };
    case 'unix':
      return { address: { case: 'pipe', value: { path: address.path } } };
    default:
      return address satisfies never;
  }
}

function http2(): Any {
  return any(HTTP_PROTOCOL_OPTIONS, {
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: { protocolConfig: { case: 'http2ProtocolOptions', value: {} } },
    },
  });
}
