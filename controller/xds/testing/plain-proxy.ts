import type { ClusterIr } from '../../ir/cluster.ts';
import type { ProxyIr } from '../../ir/proxy.ts';
import { NO_HEADER_CHANGES, type PathMatchIr, type RouteIr } from '../../ir/route.ts';

/** A cluster without addresses. */
export function plainCluster(name: string): ClusterIr {
  return { name, protocol: 'http1', source: { kind: 'addresses', addresses: [] } };
}

/** A route that sends what comes for a path to a cluster. */
export function plainRoute(name: string, path: PathMatchIr, to: string): RouteIr {
  const changes = { requestHeaders: NO_HEADER_CHANGES, responseHeaders: NO_HEADER_CHANGES };
  return {
    name,
    match: { path, method: undefined, headers: [], query: [] },
    action: {
      kind: 'forward',
      destinations: [{ kind: 'cluster', weight: 1, cluster: plainCluster(to), ...changes }],
      rewrite: { host: undefined, path: undefined },
    },
    ...changes,
    features: {},
  };
}

/** A proxy with one listener, these routes for every host, and clusters of these names. */
export function plainProxy(
  { address, port }: { readonly address: string; readonly port: number },
  routes: readonly RouteIr[],
  clusters: readonly string[],
): ProxyIr {
  const chain = { kind: 'http' as const, name: 'l', tls: undefined, virtualHosts: [[{ hostname: '*', routes }]] };
  return {
    key: 'a/b',
    listeners: [{ name: 'l', address, port, protocol: 'TCP', chains: [[chain]] }],
    clusters: [clusters.map(plainCluster)],
    endpoints: [clusters.map((cluster) => ({ cluster, addresses: [] }))],
    secrets: [],
    policyModule: { digest: '' },
  };
}
