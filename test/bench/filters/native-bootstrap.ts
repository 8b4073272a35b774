import type { JsonObject } from '../json.ts';
import { filter } from './filter-case.ts';

/** One listener: its port and the HTTP filters before the router. */
export interface NativeListener {
  readonly name: string;
  readonly port: number;
  readonly filters: readonly JsonObject[];
}

/** Paths of the routes that every listener has, ours too. */
export const PATHS = {
  /** Answered by Envoy itself, with a redirect. */
  direct: '/direct',
  proxied: '/proxied',
} as const;

/** The bootstrap of an Envoy with these listeners in front of a back-end, and what else their filters need. */
export function nativeBootstrap(
  listeners: readonly NativeListener[],
  backEnd: number,
  more: { readonly clusters?: readonly JsonObject[]; readonly secrets?: readonly JsonObject[] } = {},
): JsonObject {
  return {
    ...basics(),
    static_resources: {
      secrets: [...(more.secrets ?? [])],
      listeners: listeners.map(({ name, port, filters }) =>
        listener(name, port, filters, [
          { match: { path_separated_prefix: PATHS.direct }, redirect: { path_redirect: '/', response_code: 'FOUND' } },
          { match: { path_separated_prefix: PATHS.proxied }, route: { cluster: 'back-end' } },
        ]),
      ),
      clusters: [
        ...(more.clusters ?? []),
        {
          name: 'back-end',
          type: 'STATIC',
          connect_timeout: '5s',
          load_assignment: {
            cluster_name: 'back-end',
            endpoints: [
              {
                lb_endpoints: [
                  { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: backEnd } } } },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}

/** The bootstrap of an Envoy that is the back-end: nothing answers quicker. */
export function backEndBootstrap(port: number): JsonObject {
  const answer = { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok\n' } } };
  return { ...basics(), static_resources: { listeners: [listener('back-end', port, [], [answer])] } };
}

function basics(): JsonObject {
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
  };
}

function listener(
  name: string,
  port: number,
  filters: readonly JsonObject[],
  routes: readonly JsonObject[],
): JsonObject {
  const manager = filter(
    'envoy.filters.network.http_connection_manager',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: name,
      // As ours have it.
      normalize_path: true,
      route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes: [...routes] }] },
      http_filters: [
        ...filters,
        filter('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', {}),
      ],
    },
  );
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [manager] }],
  };
}
