import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { ListenerIr } from '../../ir/listener.ts';
import { adsSource } from './config-source.ts';
import { socketAddress } from './cluster.ts';
import { any, type Init } from './message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

const CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const { UNESCAPE_AND_REDIRECT } = enumMembers(`${CONNECTION_MANAGER}.PathWithEscapedSlashesAction`);
const { PASS_THROUGH } = enumMembers(`${CONNECTION_MANAGER}.ServerHeaderTransformation`);
const { REJECT_REQUEST } = enumMembers('envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction');

/**
 * The Envoy listener of plaintext HTTP. Its connection manager is the first filter of the default filter chain, which
 * EnvoyPatchPolicy relies on (`default_filter_chain/filters/0`).
 */
export function listener(ir: ListenerIr, filters: readonly HttpFilter[]): Init<'envoy.config.listener.v3.Listener'> {
  return {
    name: ir.name,
    address: socketAddress({ kind: 'ip', address: ir.address, port: ir.port }),
    perConnectionBufferLimitBytes: 32_768,
    defaultFilterChain: {
      name: ir.name,
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          configType: { case: 'typedConfig', value: connectionManager(ir, filters) },
        },
      ],
    },
  };
}

function connectionManager(ir: ListenerIr, filters: readonly HttpFilter[]): Any {
  return any(CONNECTION_MANAGER, {
    statPrefix: 'http',
    routeSpecifier: { case: 'rds', value: { configSource: adsSource(), routeConfigName: ir.name } },
    httpFilters: [...filters],
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
