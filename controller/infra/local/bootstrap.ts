/** Where things of one proxy are on this machine. All paths are absolute. */
export interface ProxyPaths {
  readonly folder: string;
  readonly xdsSocket: string;
  readonly sidecarSocket: string;
  readonly modules: string;
  readonly bootstrap: string;
  /** Envoy writes the address of its admin interface here. */
  readonly adminAddress: string;
}

/**
 * The bootstrap of an Envoy that takes everything else over delta ADS from the socket of its proxy
 * (`envoy.config.bootstrap.v3.Bootstrap` as JSON).
 */
export function bootstrap(key: string, { xdsSocket, sidecarSocket }: ProxyPaths): object {
  const ads = { ads: {}, resource_api_version: 'V3' };
  return {
    node: { id: key, cluster: key },
    // Port 0: the kernel picks one, so that proxies never meet; on loopback only.
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: XDS_CLUSTER, retry_policy: RECONNECT } }],
      },
      lds_config: ads,
      cds_config: ads,
    },
    static_resources: { clusters: [xdsCluster(xdsSocket), sidecarCluster(sidecarSocket)] },
    overload_manager: OVERLOAD,
    // The hundred statistics of a cluster are made with its first request: thousands of clusters are taken in half the time.
    deferred_stat_options: { enable_deferred_creation_stats: true },
    layered_runtime: { layers: [{ name: 'sluice', static_layer: RUNTIME }] },
  };
}

/** Envoy's own pause grows to 30 s, which is how long a controller that comes back would wait to be heard. */
const RECONNECT = { retry_back_off: { base_interval: '0.05s', max_interval: '0.5s' } };

const XDS_CLUSTER = 'sluice.xds';

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

function xdsCluster(socket: string): object {
  return unixCluster(XDS_CLUSTER, socket, { connection_keepalive: { interval: '30s', timeout: '5s' } });
}

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

/** A cluster of one server that speaks gRPC on a Unix socket. */
function unixCluster(name: string, socket: string, http2Options: object): object {
  const http = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
    },
    typed_extension_protocol_options: {
      [http]: {
        '@type': `type.googleapis.com/${http}`,
        explicit_http_config: { http2_protocol_options: http2Options },
      },
    },
  };
}
