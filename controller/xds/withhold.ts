import type { ClusterIr } from '../ir/cluster.ts';
import {
  httpChains,
  REFUSING_CLUSTER,
  type StreamChainIr,
  streamChains,
  type StreamDestinationIr,
} from '../ir/listener.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import { widenedMatch } from '../ir/widened-match.ts';
import { NO_HEADER_CHANGES, type RouteIr, serversAsked } from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { heldRoute } from './held-route.ts';
import { once } from '../ir/once.ts';
import { virtualHostName } from './route-configuration.ts';

/** What a proxy does not take. */
export interface Withheld {
  /** Clusters that it rejected, by name. */
  readonly clusters: ReadonlySet<string>;
  /** Routes that it rejected, or that are left out while it is found out which it rejects. */
  readonly routes: ReadonlySet<RouteIr>;
  /** Clusters that it has and still warms, by name: they stay, and routes to them wait. */
  readonly warming: ReadonlySet<string>;
}

/**
 * A proxy's configuration without what the proxy rejected: such routes, and routes to such clusters, stay as they were in
 * `lastGood`, by their name, under the policies that guard them now (`held-route.ts`), or answer 500 where that cannot be had;
 * every other change goes ahead.
 */
export function withhold(
  ir: ProxyIr,
  { clusters: rejected, routes, warming }: Withheld,
  lastGood: ProxyIr | undefined,
): ProxyIr {
  if (rejected.size === 0 && routes.size === 0 && warming.size === 0) return ir;
  const goodOf = routesByName(lastGood);
  const restored = new Map<string, ClusterIr>();
  const isOut = (route: RouteIr): boolean =>
    routes.has(route) || clustersOf(route).some(({ name }) => rejected.has(name) || warming.has(name));
  // What led there already stays: it is another Envoy that still warms it, which has only just started, or a new version of it.
  const mayNotStay = (kept: RouteIr, good: RouteIr): boolean => {
    const before = new Set(clustersOf(good).map(({ name }) => name));
    const isLate = (name: string): boolean => warming.has(name) && !before.has(name);
    return routes.has(kept) || clustersOf(kept).some(({ name }) => rejected.has(name) || isLate(name));
  };
  const routeOf = (route: RouteIr, chain: string): RouteIr => {
    if (!isOut(route)) return route;
    const good = goodOf(chain, route.name);
    const kept = good === undefined ? undefined : heldRoute(route, good, routes.has(route));
    if (good === undefined || kept === undefined || mayNotStay(kept, good))
      return routes.has(route) ? refusedWidely(route) : refused(route);
    for (const cluster of clustersOf(kept)) restored.set(cluster.name, cluster);
    return kept;
  };
  const hostOf = (host: VirtualHostIr, chain: string): VirtualHostIr => {
    const kept = host.routes.map((route) => routeOf(route, chain));
    return kept.every((route, index) => route === host.routes[index]) ? host : { ...host, routes: kept };
  };
  const pieceOf = (hosts: readonly VirtualHostIr[], chain: string): readonly VirtualHostIr[] => {
    const kept = hosts.map((host) => hostOf(host, chain));
    return kept.every((host, index) => host === hosts[index]) ? hosts : kept;
  };
  const oldStreams = new Map((lastGood?.listeners ?? []).flatMap(streamChains).map((chain) => [chain.name, chain]));
  const isTaken = (to: StreamDestinationIr): boolean => to.kind === 'invalid' || !rejected.has(to.cluster.name);
  const isKept = (to: StreamDestinationIr): boolean =>
    isTaken(to) && (to.kind === 'invalid' || !warming.has(to.cluster.name));
  const streamOf = (chain: StreamChainIr): StreamChainIr => {
    if (chain.destinations.every(isKept)) return chain;
    const good = oldStreams.get(chain.name)?.destinations;
    if (good?.every(isTaken) === true) {
      for (const to of good) if (to.kind === 'cluster') restored.set(to.cluster.name, to.cluster);
      return { ...chain, destinations: good };
    }
    restored.set(REFUSING_CLUSTER.name, REFUSING_CLUSTER);
    const destinations = chain.destinations.map((to) =>
      isKept(to) ? to : ({ kind: 'invalid', weight: to.weight } as const),
    );
    return { ...chain, destinations };
  };
  const listeners = ir.listeners.map((listener) => ({
    ...listener,
    chains: listener.chains.map((piece) =>
      piece.map((chain) =>
        chain.kind === 'stream'
          ? streamOf(chain)
          : { ...chain, virtualHosts: chain.virtualHosts.map((hosts) => pieceOf(hosts, chain.name)) },
      ),
    ),
  }));
  const kept = ir.clusters.map((piece) => without(piece, ({ name }) => rejected.has(name)));
  const known = new Set(kept.flatMap((piece) => piece.map(({ name }) => name)));
  const added = [...restored.values()].filter(({ name }) => !known.has(name));
  const isAdded = new Set(added.map(({ name }) => name));
  const assigned = ir.endpoints.map((piece) => without(piece, ({ cluster }) => rejected.has(cluster)));
  const before = lastGood?.endpoints.flat().filter(({ cluster }) => isAdded.has(cluster)) ?? [];
  const refusing =
    isAdded.has(REFUSING_CLUSTER.name) && !before.some(({ cluster }) => cluster === REFUSING_CLUSTER.name);
  const nowhere = refusing ? [{ cluster: REFUSING_CLUSTER.name, addresses: [] }] : [];
  return { ...ir, listeners, clusters: [...kept, added], endpoints: [...assigned, [...before, ...nowhere]] };
}

/** A piece without some members; the same array when it has none of them. */
function without<T>(piece: readonly T[], isOut: (member: T) => boolean): readonly T[] {
  return piece.some(isOut) ? piece.filter((member) => !isOut(member)) : piece;
}

/** Routes by the name of their chain and their own: those of one chain may be under policies of its listener. */
function routesByName(ir: ProxyIr | undefined): (chain: string, name: string) => RouteIr | undefined {
  const chains = new Map<string, ReadonlyMap<string, RouteIr>>();
  for (const { name, virtualHosts } of ir?.listeners.flatMap(httpChains) ?? []) {
    const routes = virtualHosts.flat().flatMap((host) => host.routes);
    chains.set(name, new Map(routes.map((route) => [route.name, route])));
  }
  return (chain, name) => {
    const own = chains.get(chain)?.get(name);
    if (own !== undefined) return own;
    // A chain that is new, or called otherwise by now: where the route leads is the same on any.
    for (const routes of chains.values()) if (routes.has(name)) return routes.get(name);
    return undefined;
  };
}

/** A route that answers 500 in place of one that nothing may serve for. */
const refused = once((route: RouteIr) => answering500(route, route.match));

/** The same for one that the proxy rejects itself, maybe for its match. */
const refusedWidely = once((route: RouteIr) => answering500(route, widenedMatch(route.match)));

function answering500({ name }: RouteIr, match: RouteIr['match']): RouteIr {
  return {
    name,
    match,
    action: { kind: 'respond', status: 500 },
    requestHeaders: NO_HEADER_CHANGES,
    responseHeaders: NO_HEADER_CHANGES,
    features: {},
  };
}

/** Every route of a proxy. */
export function* routesOf({ listeners }: ProxyIr): Iterable<RouteIr> {
  for (const listener of listeners) {
    for (const { virtualHosts } of httpChains(listener))
      for (const hosts of virtualHosts) for (const { routes } of hosts) yield* routes;
  }
}

/** The routes of virtual hosts, by the names that those have as resources. */
export function* routesIn({ listeners }: ProxyIr, hosts: ReadonlySet<string>): Iterable<RouteIr> {
  for (const listener of listeners) {
    for (const { name, virtualHosts } of httpChains(listener)) {
      for (const { hostname, routes } of virtualHosts.flat()) {
        if (hosts.has(virtualHostName(name, hostname))) yield* routes;
      }
    }
  }
}

/** The clusters that a route leads to, or asks. */
export function clustersOf({ action, features }: RouteIr): readonly ClusterIr[] {
  const asked = [...(features.extProc ?? []), ...serversAsked(features)];
  const askedClusters = asked.map(({ cluster }) => cluster);
  if (action.kind !== 'forward') return askedClusters;
  const mirrors = (action.mirrors ?? []).map(({ cluster }) => cluster);
  return [
    ...askedClusters,
    ...action.destinations.flatMap((to) => (to.kind === 'cluster' ? [to.cluster] : [])),
    ...mirrors,
  ];
}
