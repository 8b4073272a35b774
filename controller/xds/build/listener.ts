import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { ChainIr, HttpChainIr, ListenerIr, StreamChainIr } from '../../ir/listener.ts';
import { clientRulesFilter } from './client-rules.ts';
import { adsSource } from './config-source.ts';
import { socketAddress } from './cluster.ts';
import { any, type Init } from './message.ts';
import { tcpProxyFilter, udpProxyFilter } from './stream.ts';
import { downstreamTls, tlsInspector } from './tls.ts';

const PROTOCOL = enumMembers('envoy.config.core.v3.SocketAddress.Protocol');

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

const CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const { UNESCAPE_AND_REDIRECT } = enumMembers(`${CONNECTION_MANAGER}.PathWithEscapedSlashesAction`);
const { PASS_THROUGH } = enumMembers(`${CONNECTION_MANAGER}.ServerHeaderTransformation`);
const { REJECT_REQUEST } = enumMembers('envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction');

/**
 * The Envoy listener of a socket. On plaintext its connection manager is the first filter of the default filter chain,
 * which EnvoyPatchPolicy relies on (`default_filter_chain/filters/0`); with TLS there is a chain for each server name.
 */
export function listener(ir: ListenerIr, filters: readonly HttpFilter[]): Init<'envoy.config.listener.v3.Listener'> {
  const socket = {
    name: ir.name,
    address: socketAddress({ kind: 'ip', address: ir.address, port: ir.port }, PROTOCOL[ir.protocol]),
    perConnectionBufferLimitBytes: 32_768,
  };
  const [first] = ir.chains;
  if (ir.protocol === 'UDP') {
    return { ...socket, listenerFilters: first?.kind === 'stream' ? [udpProxyFilter(first)] : [] };
  }
  return first !== undefined && isPlain(first)
    ? { ...socket, defaultFilterChain: filterChain(first, filters) }
    : {
        ...socket,
        listenerFilters: [tlsInspector()],
        filterChains: ir.chains.map((chain) => filterChain(chain, filters)),
      };
}

function isPlain(chain: ChainIr): boolean {
  return chain.kind === 'http' ? chain.tls === undefined : chain.tls.kind === 'none';
}

function filterChain(chain: ChainIr, filters: readonly HttpFilter[]): Init<'envoy.config.listener.v3.FilterChain'> {
  return chain.kind === 'http' ? httpChain(chain, filters) : streamChain(chain);
}

function httpChain(
  { name, tls }: HttpChainIr,
  filters: readonly HttpFilter[],
): Init<'envoy.config.listener.v3.FilterChain'> {
  const manager = 'envoy.filters.network.http_connection_manager';
  return {
    name,
    filters: [
      {
        name: manager,
        configType: { case: 'typedConfig', value: connectionManager(name, tls !== undefined, filters) },
      },
    ],
    ...(tls === undefined
      ? {}
      : { ...serverNames([tls.hostname]), transportSocket: downstreamTls(tls, ['h2', 'http/1.1']) }),
  };
}

function streamChain(chain: StreamChainIr): Init<'envoy.config.listener.v3.FilterChain'> {
  const { name, tls } = chain;
  return {
    name,
    filters: [...(chain.clients === undefined ? [] : [clientRulesFilter(chain.clients)]), tcpProxyFilter(chain)],
    ...(tls.kind === 'none' ? {} : serverNames(tls.hostnames)),
    ...(tls.kind === 'terminate' ? { transportSocket: downstreamTls(tls.termination, []) } : {}),
  };
}

/** A chain without a match takes what no other one does. */
function serverNames(
  hostnames: readonly string[],
): Pick<Init<'envoy.config.listener.v3.FilterChain'>, 'filterChainMatch'> {
  return hostnames.includes('*') ? {} : { filterChainMatch: { serverNames: [...hostnames] } };
}

function connectionManager(name: string, isTls: boolean, filters: readonly HttpFilter[]): Any {
  return any(CONNECTION_MANAGER, {
    statPrefix: isTls ? 'https' : 'http',
    routeSpecifier: { case: 'rds', value: { configSource: adsSource(), routeConfigName: name } },
    httpFilters: [...filters],
    // Routes say so where they allow something else, or nothing.
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    useRemoteAddress: true,
    normalizePath: true,
    mergeSlashes: true,
    pathWithEscapedSlashesAction: UNESCAPE_AND_REDIRECT,
    serverHeaderTransformation: PASS_THROUGH,
    commonHttpProtocolOptions: { headersWithUnderscoresAction: REJECT_REQUEST },
  });
}

/** The filter that ends every chain. */
export function router(): HttpFilter {
  return {
    name: 'envoy.filters.http.router',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.router.v3.Router', { suppressEnvoyHeaders: true }),
    },
  };
}
