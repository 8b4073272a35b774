/** `envoy.config.cluster.v3.Cluster` as JSON. */
export interface NamedCluster {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** What differs between the Envoys of this machine and those in pods. */
export interface BootstrapParts {
  /** The key of the proxy; nobody trusts it. */
  readonly key: string;
  /** Address of the admin interface; on loopback only. */
  readonly adminPort: number;
  /** Where the controller is, and what that is called. */
  readonly xdsCluster: NamedCluster;
  readonly sidecarSocket: string;
  /** What it says to the controller whenever it connects (gRPC metadata). */
  readonly metadata?: { readonly key: string; readonly value: string };
  /** How long it waits for its first configuration before it serves without one. */
  readonly initialFetchTimeout: string;
  readonly listeners?: readonly object[];
  readonly clusters?: readonly object[];
}

/**
 * The bootstrap of an Envoy that takes everything else over delta ADS from its controller
 * (`envoy.config.bootstrap.v3.Bootstrap` as JSON).
 */
export function bootstrapBase(parts: BootstrapParts) {
  const { key, adminPort, xdsCluster, sidecarSocket, metadata, initialFetchTimeout } = parts;
  const { listeners = [], clusters = [] } = parts;
  const ads = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: initialFetchTimeout };
  return {
    node: { id: key, cluster: key },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: { cluster_name: xdsCluster.name, retry_policy: RECONNECT },
            ...(metadata === undefined ? {} : { initial_metadata: [metadata] }),
          },
        ],
      },
      lds_config: ads,
      cds_config: ads,
    },
    static_resources: {
      ...(listeners.length === 0 ? {} : { listeners }),
      clusters: [xdsCluster, sidecarCluster(sidecarSocket), ...clusters],
    },
    overload_manager: OVERLOAD,
    // The hundred statistics of a cluster are made with its first request: thousands of clusters are taken in half the time.
    deferred_stat_options: { enable_deferred_creation_stats: true },
    layered_runtime: { layers: [{ name: 'sluice', static_layer: RUNTIME }] },
  };
}

/** Envoy's own pause grows to 30 s, which is how long a controller that comes back would wait to be heard. */
const RECONNECT = { retry_back_off: { base_interval: '0.05s', max_interval: '0.5s' } };

/** Connections beyond this are refused, so that clients cannot use up the file descriptors of the proxy. */
const MOST_CONNECTIONS = 50_000;

const OVERLOAD = {
  resource_monitors: [
    {
      name: 'envoy.resource_monitors.global_downstream_max_connections',
      typed_config: {
        '@type':
          'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
        max_active_downstream_connections: MOST_CONNECTIONS,
      },
    },
  ],
};

const RUNTIME = {
  // Without it Envoy resets every ext_proc stream, and Node's HTTP/2 server takes that for an attack under load.
  'envoy.reloadable_features.ext_proc_graceful_grpc_close': true,
  // 100 by default, which a long prefix that is rewritten exceeds: it is an expression, too.
  're2.max_program_size.error_level': 20_000,
  're2.max_program_size.warn_level': 20_000,
};

/** What filters ask, and what login flows go through. Its name is a contract with the `policy` module. */
const SIDECAR_CLUSTER = 'sluice.sidecar';

/** Requests to the sidecar at a time; who asks bounds itself, and Envoy's own 1,024 would be shared by all workers. */
const MOST_TO_SIDECAR = 100_000;

/** A sidecar that hangs is noticed by this: what waits for it is refused. */
const SIDECAR_ALIVE = { connection_keepalive: { interval: '2s', timeout: '3s' } };

function sidecarCluster(socket: string): object {
  const most = { max_requests: MOST_TO_SIDECAR, max_pending_requests: MOST_TO_SIDECAR };
  return { ...unixCluster(SIDECAR_CLUSTER, socket, SIDECAR_ALIVE), circuit_breakers: { thresholds: [most] } };
}

/** How often a controller that says nothing is asked whether it is there. */
export const XDS_ALIVE = { connection_keepalive: { interval: '30s', timeout: '5s' } };

/** A cluster of one server that speaks gRPC on a Unix socket. */
export function unixCluster(name: string, socket: string, http2Options: object): NamedCluster {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
    },
    typed_extension_protocol_options: http2Only(http2Options),
  };
}

/** `typed_extension_protocol_options` of a cluster that speaks HTTP/2. */
export function http2Only(http2Options: object): object {
  const http = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    [http]: {
      '@type': `type.googleapis.com/${http}`,
      explicit_http_config: { http2_protocol_options: http2Options },
    },
  };
}
