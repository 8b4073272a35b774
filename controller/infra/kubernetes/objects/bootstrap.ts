import { bootstrapBase, http2Only, type NamedCluster, XDS_ALIVE } from '../../bootstrap/base.ts';
import { XDS_CLUSTER_NAME } from '../../bootstrap/user.ts';
import { POD_METADATA } from '../../infra.ts';
import { POD_IDENTITY, POD_PATHS, POD_PORTS } from './settings.ts';

/** What the bootstrap of an Envoy in a pod is made of. */
export interface PodBootstrap {
  readonly key: string;
  readonly xds: { readonly host: string; readonly port: number };
  /** Whether statistics are served to Prometheus. */
  readonly metrics: boolean;
  /** What the listeners of the pod itself bind: "0.0.0.0", or "::" with or without IPv4. */
  readonly anyAddress: AnyAddress;
}

/** All addresses of a pod. */
export interface AnyAddress {
  readonly address: '0.0.0.0' | '::';
  /** Whether "::" is all IPv4 addresses, too. */
  readonly bothFamilies?: true;
}

/** Names of the secrets in the files of the proxy's ConfigMap. */
export const SDS = {
  certificate: { name: 'xds_certificate', file: 'xds-certificate.json' },
  trustedCa: { name: 'xds_trusted_ca', file: 'xds-trusted-ca.json' },
} as const;

/** The bootstrap of an Envoy in a pod, which is known to the controller by its certificate. */
export function podBootstrap({ key, xds, metrics, anyAddress }: PodBootstrap): object {
  return bootstrapBase({
    key,
    adminPort: POD_PORTS.admin,
    xdsCluster: xdsCluster(xds),
    sidecarSocket: POD_PATHS.sidecarSocket,
    metadata: { key: POD_METADATA, value: POD_IDENTITY },
    // A pod is ready when it has its configuration, however long that takes.
    initialFetchTimeout: '0s',
    listeners: [readinessListener(anyAddress), ...(metrics ? [metricsListener(anyAddress)] : [])],
    clusters: metrics ? [ADMIN] : [],
  });
}

/** The files by which Envoy finds its certificate, and finds it again when it is another (`envoy.extensions.transport_sockets.tls.v3.Secret`). */
export function sdsFiles(): { readonly [file: string]: string } {
  const inCertificates = (file: string): object => ({ filename: `${POD_PATHS.certificates}/${file}` });
  const watched = { watched_directory: { path: POD_PATHS.certificates } };
  const secrets = [
    {
      ...SDS.certificate,
      tls_certificate: {
        certificate_chain: inCertificates('tls.crt'),
        private_key: inCertificates('tls.key'),
        ...watched,
      },
    },
    {
      ...SDS.trustedCa,
      validation_context: {
        trusted_ca: inCertificates('ca.crt'),
        match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: XDS_SERVER_NAME } }],
        ...watched,
      },
    },
  ];
  const type = { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret' };
  return Object.fromEntries(
    secrets.map(({ file, ...secret }) => [file, JSON.stringify({ resources: [{ ...type, ...secret }] })]),
  );
}

/** The name that the controller's serving certificate has, wherever it is reached. */
export const XDS_SERVER_NAME = 'envoy-gateway';

function xdsCluster({ host, port }: PodBootstrap['xds']): NamedCluster {
  const fromFile = ({ name, file }: { readonly name: string; readonly file: string }): object => ({
    name,
    sds_config: { path_config_source: { path: `${POD_PATHS.sds}/${file}` }, resource_api_version: 'V3' },
  });
  const address = { socket_address: { address: host, port_value: port } };
  return {
    name: XDS_CLUSTER_NAME,
    type: 'STRICT_DNS',
    connect_timeout: '10s',
    // A controller that moves is found again soon.
    dns_refresh_rate: '5s',
    dns_failure_refresh_rate: { base_interval: '0.2s', max_interval: '2s' },
    load_assignment: { cluster_name: XDS_CLUSTER_NAME, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    typed_extension_protocol_options: http2Only(XDS_ALIVE),
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: XDS_SERVER_NAME,
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
          alpn_protocols: ['h2'],
          tls_certificate_sds_secret_configs: [fromFile(SDS.certificate)],
          validation_context_sds_secret_config: fromFile(SDS.trustedCa),
        },
      },
    },
  };
}

/** Answers probes: 200 once Envoy has its configuration, 503 while it drains. The admin interface stays on loopback. */
function readinessListener(any: AnyAddress): object {
  const healthCheck = {
    name: 'envoy.filters.http.health_check',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck',
      pass_through_mode: false,
      headers: [{ name: ':path', string_match: { exact: '/ready' } }],
    },
  };
  // Alive is also who drains.
  const alive = { match: { path: '/alive' }, direct_response: { status: 200 } };
  return httpListener({
    name: 'sluice-ready',
    any,
    port: POD_PORTS.readiness,
    routes: [alive],
    filters: [healthCheck],
  });
}

/** Statistics and nothing else of the admin interface. */
function metricsListener(any: AnyAddress): object {
  const isGet = { name: ':method', string_match: { exact: 'GET' } };
  const stats = { match: { path: '/stats/prometheus', headers: [isGet] }, route: { cluster: ADMIN.name } };
  return httpListener({ name: 'sluice-metrics', any, port: POD_PORTS.metrics, routes: [stats], filters: [] });
}

const ADMIN = {
  name: 'prometheus_stats',
  type: 'STATIC',
  connect_timeout: '0.25s',
  load_assignment: {
    cluster_name: 'prometheus_stats',
    endpoints: [
      {
        lb_endpoints: [
          { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: POD_PORTS.admin } } } },
        ],
      },
    ],
  },
};

interface HttpListener {
  readonly name: string;
  readonly any: AnyAddress;
  readonly port: number;
  readonly routes: readonly object[];
  readonly filters: readonly object[];
}

function httpListener({ name, any, port, routes, filters }: HttpListener): object {
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
  };
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: name,
    normalize_path: true,
    route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] },
    http_filters: [...filters, router],
  };
  return {
    name,
    // Probes are answered however many connections there are.
    bypass_overload_manager: true,
    address: {
      socket_address: { address: any.address, port_value: port, ...(any.bothFamilies ? { ipv4_compat: true } : {}) },
    },
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}
