import type { ClusterIr } from '../ir/cluster.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import type { RouteIr } from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';

/**
 * A proxy's configuration without the clusters that the proxy rejected: routes to them stay as they were in `lastGood`, by
 * their name, or answer 500 where there is no such route; every other change goes ahead.
 */
export function withhold(ir: ProxyIr, rejected: ReadonlySet<string>, lastGood: ProxyIr | undefined): ProxyIr {
  if (rejected.size === 0) return ir;
  const before = new Map(lastGood === undefined ? [] : [...routesOf(lastGood)].map((route) => [route.name, route]));
  const restored = new Map<string, ClusterIr>();
  const routeOf = (route: RouteIr): RouteIr => {
    if (!clustersOf(route).some(({ name }) => rejected.has(name))) return route;
    const old = before.get(route.name);
    if (old === undefined || clustersOf(old).some(({ name }) => rejected.has(name))) return refused(route);
    for (const cluster of clustersOf(old)) restored.set(cluster.name, cluster);
    return old;
  };
  const hostOf = (host: VirtualHostIr): VirtualHostIr => {
    const routes = host.routes.map(routeOf);
    return routes.every((route, index) => route === host.routes[index]) ? host : { ...host, routes };
  };
  const listeners = ir.listeners.map((listener) => ({
    ...listener,
    chains: listener.chains.map((chain) => ({ ...chain, virtualHosts: chain.virtualHosts.map(hostOf) })),
  }));
  const kept = ir.clusters.filter(({ name }) => !rejected.has(name));
  const known = new Set(kept.map(({ name }) => name));
  const added = [...restored.values()].filter(({ name }) => !known.has(name));
  const endpoints = new Map(ir.endpoints);
  for (const name of rejected) endpoints.delete(name);
  for (const { name } of added) {
    const addresses = lastGood?.endpoints.get(name);
    if (addresses !== undefined) endpoints.set(name, addresses);
  }
  return { ...ir, listeners, clusters: [...kept, ...added], endpoints };
}

function refused(route: RouteIr): RouteIr {
  return { ...route, action: { kind: 'respond', status: 500 }, features: {} };
}

function* routesOf({ listeners }: ProxyIr): Iterable<RouteIr> {
  for (const { chains } of listeners) {
    for (const { virtualHosts } of chains) for (const { routes } of virtualHosts) yield* routes;
  }
}

function clustersOf({ action, features }: RouteIr): readonly ClusterIr[] {
  const processors = (features.extProc ?? []).map(({ cluster }) => cluster);
  if (action.kind !== 'forward') return processors;
  return [...processors, ...action.destinations.flatMap((to) => (to.kind === 'cluster' ? [to.cluster] : []))];
}
