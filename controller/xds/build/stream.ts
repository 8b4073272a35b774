import type { Any } from '@bufbuild/protobuf/wkt';
import { REFUSING_CLUSTER, type StreamChainIr, type StreamDestinationIr } from '../../ir/listener.ts';
import { clientRulesId } from './client-rules.ts';
import { adsSource } from './config-source.ts';
import { any, duration, type Init } from './message.ts';

const TCP_PROXY = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const UDP_PROXY = 'envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig';
const UDP_ROUTE = 'envoy.extensions.filters.udp.udp_proxy.v3.Route';
const SOURCE_PORT = 'envoy.extensions.matching.common_inputs.network.v3.SourcePortInput';
const HASH_MATCHER = 'envoy.extensions.matching.input_matchers.consistent_hashing.v3.ConsistentHashing';

/**
 * The filter that passes the connections of a chain on. Its configuration comes by ECDS, so that a change of back-ends or
 * weights is one for new connections alone: a change of the filter chain would end the connections that it has.
 */
export function tcpProxyFilter(chain: StreamChainIr): Init<'envoy.config.listener.v3.Filter'> {
  return {
    name: streamConfigName(chain),
    configType: {
      case: 'configDiscovery',
      value: { configSource: adsSource(), typeUrls: [`type.googleapis.com/${TCP_PROXY}`] },
    },
  };
}

const CONFIG_PREFIX = 'sluice.stream/';

/** Other rules for clients come with another name: where connections go must not change before what guards them. */
function streamConfigName({ name, clients }: StreamChainIr): string {
  return `${CONFIG_PREFIX}${name}${clients === undefined ? '' : `#${clientRulesId(clients)}`}`;
}

/** Whether a configuration says where the connections of a chain go. */
export function isStreamConfig(name: string): boolean {
  return name.startsWith(CONFIG_PREFIX);
}

/** Where the connections of a chain go (envoy.extensions.filters.network.tcp_proxy.v3). */
export function tcpProxy(chain: StreamChainIr): Init<'envoy.config.core.v3.TypedExtensionConfig'> {
  const { tls, destinations, idleTimeout } = chain;
  const shares = sharesOf(destinations);
  const [only, ...others] = shares;
  return {
    name: streamConfigName(chain),
    typedConfig: any(TCP_PROXY, {
      statPrefix: tls.kind === 'none' ? 'tcp' : `tls-${tls.kind}`,
      ...(idleTimeout === undefined ? {} : { idleTimeout: duration(idleTimeout) }),
      ...(isHashed(destinations) ? { hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }] } : {}),
      clusterSpecifier:
        others.length === 0
          ? { case: 'cluster', value: only?.cluster ?? REFUSING_CLUSTER.name }
          : {
              case: 'weightedClusters',
              value: { clusters: shares.map(({ cluster, weight }) => ({ name: cluster, weight })) },
            },
    }),
  };
}

/** The filter that passes datagrams on (envoy.extensions.filters.udp.udp_proxy.v3). */
export function udpProxyFilter({ destinations }: StreamChainIr): Init<'envoy.config.listener.v3.ListenerFilter'> {
  return {
    name: 'envoy.filters.udp_listener.udp_proxy',
    configType: {
      case: 'typedConfig',
      value: any(UDP_PROXY, {
        statPrefix: 'udp',
        ...(isHashed(destinations) ? { hashPolicies: [{ policySpecifier: { case: 'sourceIp', value: true } }] } : {}),
        routeSpecifier: { case: 'matcher', value: udpMatcher(sharesOf(destinations)) },
      }),
    },
  };
}

/** Whether endpoints are chosen by a hash: of a connection there is only the client's address. */
function isHashed(destinations: readonly StreamDestinationIr[]): boolean {
  return destinations.some(
    (to) => to.kind === 'cluster' && to.cluster.settings?.loadBalancer?.algorithm.kind === 'hash',
  );
}

type Share = { readonly cluster: string; readonly weight: number };

function sharesOf(destinations: readonly StreamDestinationIr[]): readonly Share[] {
  return destinations.map((to) => ({
    cluster: to.kind === 'cluster' ? to.cluster.name : REFUSING_CLUSTER.name,
    weight: to.weight,
  }));
}

/**
 * Shares sessions out by the hash of the client's port: Envoy knows no weights here. Every share but the last takes the
 * hashes, modulo the sum of the weights, that are at least what the shares after it add up to.
 */
function udpMatcher(shares: readonly Share[]): Init<'xds.type.matcher.v3.Matcher'> {
  const sum = shares.reduce((total, { weight }) => total + weight, 0);
  const weighed = shares.slice(0, -1);
  let left = sum;
  const matchers = weighed.map(({ cluster, weight }) => {
    left -= weight;
    return { predicate: hashAtLeast(left, sum), onMatch: leadTo(cluster) };
  });
  return {
    ...(matchers.length === 0 ? {} : { matcherType: { case: 'matcherList', value: { matchers } } }),
    onNoMatch: leadTo(shares.at(-1)?.cluster ?? REFUSING_CLUSTER.name),
  };
}

function hashAtLeast(threshold: number, modulo: number): Init<'xds.type.matcher.v3.Matcher.MatcherList.Predicate'> {
  return {
    matchType: {
      case: 'singlePredicate',
      value: {
        input: { name: 'source-port', typedConfig: any(SOURCE_PORT, {}) },
        matcher: {
          case: 'customMatch',
          value: { name: 'share', typedConfig: any(HASH_MATCHER, { threshold, modulo }) },
        },
      },
    },
  };
}

function leadTo(cluster: string): Init<'xds.type.matcher.v3.Matcher.OnMatch'> {
  const typedConfig: Any = any(UDP_ROUTE, { cluster });
  return { onMatch: { case: 'action', value: { name: 'route', typedConfig } } };
}
