import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { ChainIr, ListenerIr } from '../../ir/listener.ts';
import { adsSource } from './config-source.ts';
import { socketAddress } from './cluster.ts';
import { any, type Init } from './message.ts';
import { downstreamTls, tlsInspector } from './tls.ts';

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
  const [first] = ir.chains;
  const isPlain = first !== undefined && first.tls === undefined;
  return {
    name: ir.name,
    address: socketAddress({ kind: 'ip', address: ir.address, port: ir.port }),
    perConnectionBufferLimitBytes: 32_768,
    ...(isPlain
      ? { defaultFilterChain: filterChain(first, filters) }
      : { listenerFilters: [tlsInspector()], filterChains: ir.chains.map((chain) => filterChain(chain, filters)) }),
  };
}

function filterChain(
  { name, tls }: ChainIr,
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
      : {
          ...(tls.hostname === '*' ? {} : { filterChainMatch: { serverNames: [tls.hostname] } }),
          transportSocket: downstreamTls(tls),
        }),
  };
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
