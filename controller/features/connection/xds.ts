import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { ClusterIr } from '../../ir/cluster.ts';
import type { ClusterSettingsIr, DnsIr, Http2Ir, TcpKeepaliveIr } from '../../ir/cluster-settings.ts';
import { admissionControlFilters } from '../admission-control/xds.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';

type Cluster = Init<'envoy.config.cluster.v3.Cluster'>;
type Http2 = Init<'envoy.config.core.v3.Http2ProtocolOptions'>;

/** Connections of a cluster as a policy wants them. */
export function connectionSettings(ir: ClusterSettingsIr): Cluster {
  const { connectTimeout, bufferLimit, preconnect, tcpKeepalive, dns } = ir;
  return {
    ...(connectTimeout === undefined ? {} : { connectTimeout: duration(connectTimeout) }),
    ...(bufferLimit === undefined ? {} : { perConnectionBufferLimitBytes: bufferLimit }),
    ...(preconnect === undefined
      ? {}
      : {
          preconnectPolicy: {
            ...(preconnect.perEndpoint === undefined ? {} : { perUpstreamPreconnectRatio: preconnect.perEndpoint }),
            ...(preconnect.predictive === undefined ? {} : { predictivePreconnectRatio: preconnect.predictive }),
          },
        }),
    ...(tcpKeepalive === undefined ? {} : { upstreamConnectionOptions: { tcpKeepalive: keepalive(tcpKeepalive) } }),
    ...(dns === undefined ? {} : resolution(dns)),
  };
}

function keepalive({ probes, idleTime, interval }: TcpKeepaliveIr): Init<'envoy.config.core.v3.TcpKeepalive'> {
  return {
    ...(probes === undefined ? {} : { keepaliveProbes: probes }),
    ...(idleTime === undefined ? {} : { keepaliveTime: idleTime }),
    ...(interval === undefined ? {} : { keepaliveInterval: interval }),
  };
}

type TransportSocket = Init<'envoy.config.core.v3.TransportSocket'>;

/** What connections of a cluster are made with: the PROXY protocol comes before `tls`. `undefined` for plain TCP. */
export function transportSocket(
  version: ClusterSettingsIr['proxyProtocol'],
  tls: TransportSocket | undefined,
): TransportSocket | undefined {
  if (version === undefined) return tls;
  const type = 'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport';
  return {
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    configType: {
      case: 'typedConfig',
      value: any(type, {
        config: { version: enumMembers('envoy.config.core.v3.ProxyProtocolConfig.Version')[version] },
        transportSocket: tls ?? RAW_BUFFER,
      }),
    },
  };
}

const RAW_BUFFER: TransportSocket = {
  name: 'envoy.transport_sockets.raw_buffer',
  configType: {
    case: 'typedConfig',
    value: any('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer', {}),
  },
};

const FAMILY = enumMembers('envoy.config.cluster.v3.Cluster.DnsLookupFamily');
const LOOKUP_FAMILY = {
  v4: FAMILY.V4_ONLY,
  v6: FAMILY.V6_ONLY,
  v4Preferred: FAMILY.V4_PREFERRED,
  auto: FAMILY.AUTO,
  all: FAMILY.ALL,
} as const;

function resolution({ refreshRate, respectTtl, lookupFamily }: DnsIr): Cluster {
  return {
    ...(refreshRate === undefined ? {} : { dnsRefreshRate: duration(refreshRate) }),
    ...(respectTtl === undefined ? {} : { respectDnsTtl: respectTtl }),
    ...(lookupFamily === undefined ? {} : { dnsLookupFamily: LOOKUP_FAMILY[lookupFamily] }),
  };
}

type Options = Init<'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'>;

/** How a cluster speaks HTTP (envoy.extensions.upstreams.http.v3.HttpProtocolOptions), `undefined` for plain HTTP/1.1. */
export function httpProtocolOptions({ protocol, settings = {}, tls }: ClusterIr): Any | undefined {
  if (protocol === 'tcp' || protocol === 'udp') return undefined;
  const { connectionIdleTimeout: idle, maxConnectionDuration: longest, circuitBreaker, useClientProtocol } = settings;
  const most = circuitBreaker?.maxRequestsPerConnection;
  const filters = settings.admissionControl === undefined ? [] : admissionControlFilters(settings.admissionControl);
  const hasCommon = idle !== undefined || longest !== undefined || most !== undefined;
  // The server name is the host that is asked for, where none is said.
  const isSniAsked = tls !== undefined && tls.sni === undefined && tls.sniOfEndpoint === undefined;
  const isPlain = protocol === 'http1' && !hasCommon && useClientProtocol === undefined && filters.length === 0;
  if (isPlain && !isSniAsked) return undefined;
  return any('envoy.extensions.upstreams.http.v3.HttpProtocolOptions', {
    ...(hasCommon
      ? {
          commonHttpProtocolOptions: {
            ...(idle === undefined ? {} : { idleTimeout: duration(idle) }),
            ...(longest === undefined ? {} : { maxConnectionDuration: duration(longest) }),
            ...(most === undefined ? {} : { maxRequestsPerConnection: most }),
          },
        }
      : {}),
    ...(isSniAsked ? { upstreamHttpProtocolOptions: { autoSni: true } } : {}),
    ...(filters.length === 0 ? {} : { httpFilters: filters }),
    upstreamProtocolOptions: versionOptions(protocol, http2Options(settings.http2), useClientProtocol === true),
  });
}

function versionOptions(
  protocol: Exclude<ClusterIr['protocol'], 'tcp' | 'udp'>,
  http2: Http2,
  asClient: boolean,
): NonNullable<Options['upstreamProtocolOptions']> {
  const both = { httpProtocolOptions: {}, http2ProtocolOptions: http2 };
  if (asClient) return { case: 'useDownstreamProtocolConfig', value: both };
  switch (protocol) {
    case 'negotiated':
      return { case: 'autoConfig', value: both };
    case 'http1':
      return {
        case: 'explicitHttpConfig',
        value: { protocolConfig: { case: 'httpProtocolOptions', value: {} } },
      };
    case 'http2':
      return {
        case: 'explicitHttpConfig',
        value: { protocolConfig: { case: 'http2ProtocolOptions', value: http2 } },
      };
    default:
      return protocol satisfies never;
  }
}

/** HTTP/2 as a policy wants it, whichever side it is spoken with. */
export function http2Options(ir: Http2Ir = {}): Http2 {
  const { initialStreamWindowSize, initialConnectionWindowSize, maxConcurrentStreams, keepalive: alive } = ir;
  const { endsStreamOnInvalidMessage } = ir;
  return {
    ...(initialStreamWindowSize === undefined ? {} : { initialStreamWindowSize }),
    ...(initialConnectionWindowSize === undefined ? {} : { initialConnectionWindowSize }),
    ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }),
    ...(endsStreamOnInvalidMessage === undefined
      ? {}
      : { overrideStreamErrorOnInvalidHttpMessage: endsStreamOnInvalidMessage }),
    ...(alive === undefined
      ? {}
      : {
          connectionKeepalive: {
            timeout: duration(alive.timeout),
            ...(alive.interval === undefined ? {} : { interval: duration(alive.interval) }),
            ...(alive.intervalJitter === undefined ? {} : { intervalJitter: { value: alive.intervalJitter } }),
            ...(alive.idleInterval === undefined ? {} : { connectionIdleInterval: duration(alive.idleInterval) }),
          },
        }),
  };
}
