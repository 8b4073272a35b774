import type {
  BackendConnection,
  ClusterSettings,
  DNS,
  HTTP2Settings,
  TCPKeepalive,
} from '#controller/api/gen/types.d.ts';
import type { ClusterSettingsIr, DnsIr, Http2Ir, PreconnectIr, TcpKeepaliveIr } from '../../ir/cluster-settings.ts';
import { milliseconds } from '../../resources/duration.ts';
import type { Problems } from '../../resources/problems.ts';
import { parseQuantity } from '../../resources/quantity.ts';

type Connection = Pick<
  ClusterSettingsIr,
  'tcpKeepalive' | 'proxyProtocol' | 'bufferLimit' | 'preconnect' | 'dns' | 'http2'
>;

/** Translates what is said of connections to back-ends: all that is not a matter of time or number. */
export function translateConnection(spec: ClusterSettings, problems: Problems): Connection {
  const { tcpKeepalive, proxyProtocol, connection, dns, http2 } = spec;
  return {
    tcpKeepalive: tcpKeepalive === undefined ? undefined : translateKeepalive(tcpKeepalive, problems),
    proxyProtocol: proxyProtocol?.version,
    bufferLimit: bytes(connection?.bufferLimit, 'connection.bufferLimit', 1, problems),
    preconnect: connection?.preconnect === undefined ? undefined : preconnect(connection.preconnect),
    dns: dns === undefined ? undefined : translateDns(dns, problems),
    http2: http2 === undefined ? undefined : translateHttp2(http2, problems),
  };
}

function bytes(
  text: string | number | undefined,
  field: string,
  least: number,
  problems: Problems,
  most?: number,
): number | undefined {
  return text === undefined ? undefined : problems.within(parseQuantity(text), field, least, most);
}

/** What Linux takes (tcp(7): TCP_KEEPCNT, and TCP_KEEPIDLE and TCP_KEEPINTVL in seconds); Envoy rejects the socket otherwise. */
const MOST_PROBES = 127;
const MOST_SECONDS = 32_767;

/** Translates probes of connections that are idle, whichever side they are to. */
export function translateKeepalive({ probes, idleTime, interval }: TCPKeepalive, problems: Problems): TcpKeepaliveIr {
  const seconds = (text: string | undefined, field: string): number | undefined => {
    const found = milliseconds(text);
    if (found === undefined) return undefined;
    return problems.within(Math.floor(found / 1000), `tcpKeepalive.${field}`, 1, MOST_SECONDS);
  };
  return {
    probes: problems.within(probes, 'tcpKeepalive.probes', 1, MOST_PROBES),
    idleTime: seconds(idleTime, 'idleTime'),
    interval: seconds(interval, 'interval'),
  };
}

function preconnect({
  perEndpointPercent,
  predictivePercent,
}: NonNullable<BackendConnection['preconnect']>): PreconnectIr {
  return {
    perEndpoint: perEndpointPercent === undefined ? undefined : perEndpointPercent / 100,
    predictive: predictivePercent === undefined ? undefined : predictivePercent / 100,
  };
}

const LOOKUP_FAMILY = {
  IPv4: 'v4',
  IPv6: 'v6',
  IPv4Preferred: 'v4Preferred',
  IPv6Preferred: 'auto',
  IPv4AndIPv6: 'all',
} as const;

function translateDns({ dnsRefreshRate, respectDnsTtl, lookupFamily }: DNS, problems: Problems): DnsIr {
  const refreshRate = milliseconds(dnsRefreshRate);
  if (refreshRate !== undefined && refreshRate < 2) {
    problems.add('dns.dnsRefreshRate', `found ${dnsRefreshRate}, accepted is at least 2ms`);
  }
  return {
    refreshRate,
    respectTtl: respectDnsTtl,
    lookupFamily: lookupFamily === undefined ? undefined : LOOKUP_FAMILY[lookupFamily],
  };
}

/** The windows that HTTP/2 allows and Envoy takes (envoy.config.core.v3.Http2ProtocolOptions). */
const [LEAST_WINDOW, MOST_WINDOW] = [65_535, 2_147_483_647];

/** Translates HTTP/2, whichever side it is spoken with. */
export function translateHttp2(spec: HTTP2Settings, problems: Problems): Http2Ir {
  const window = (text: string | number | undefined, field: string) =>
    bytes(text, `http2.${field}`, LEAST_WINDOW, problems, MOST_WINDOW);
  const alive = spec.connectionKeepalive;
  return {
    initialStreamWindowSize: window(spec.initialStreamWindowSize, 'initialStreamWindowSize'),
    initialConnectionWindowSize: window(spec.initialConnectionWindowSize, 'initialConnectionWindowSize'),
    maxConcurrentStreams: spec.maxConcurrentStreams,
    endsStreamOnInvalidMessage:
      spec.onInvalidMessage === undefined ? undefined : spec.onInvalidMessage === 'TerminateStream',
    keepalive: alive === undefined ? undefined : http2Keepalive(alive, problems),
  };
}

function http2Keepalive(
  spec: NonNullable<HTTP2Settings['connectionKeepalive']>,
  problems: Problems,
): NonNullable<Http2Ir['keepalive']> {
  const path = 'http2.connectionKeepalive';
  const [interval, timeout, idleInterval] = [spec.interval, spec.timeout, spec.idleInterval].map(milliseconds);
  if (timeout === undefined || timeout === 0) {
    problems.add(`${path}.timeout`, `found ${spec.timeout ?? 'none'}, accepted is more than 0s`);
  }
  if (interval === 0) problems.add(`${path}.interval`, 'found 0s, accepted is more than that');
  if (idleInterval === 0) problems.add(`${path}.idleInterval`, 'found 0s, accepted is more than that');
  return { interval, timeout: timeout ?? 1, intervalJitter: spec.intervalJitter, idleInterval };
}
