import type { ClusterIr } from '../ir/cluster.ts';
import type { Pieces } from '../ir/pieces.ts';
import { NO_HEADER_CHANGES, type RouteIr, type RouteMatchIr, serversAsked } from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { byAge } from '../resources/resources.ts';
import { SortedTable } from '../resources/sorted-table.ts';
import type { PlacedRoute } from './placed-route.ts';
import { byPrecedence } from './precedence.ts';

/** What a chain serves. The lists are the same arrays as long as no member changed. */
export interface ChainContent {
  /** By host name. */
  readonly virtualHosts: Pieces<VirtualHostIr>;
  /** Every cluster that a route names, once, by name. */
  readonly clusters: Pieces<ClusterIr>;
}

/** The host names that a chain knows. */
export interface ChainHostnames {
  /** Of its listeners: they exist even without a route. */
  readonly own: readonly string[];
  /** Of other listeners of the port: requests for them are told to come again on another connection. */
  readonly misdirected: readonly string[];
}

const ANYTHING: RouteMatchIr = { path: { kind: 'prefix', value: '/' }, method: undefined, headers: [], query: [] };

/** Answers 421 (RFC 9110 section 15.5.20; Gateway API, HTTPSListenerDetectMisdirectedRequests). */
function misdirectedHost(hostname: string): VirtualHostIr {
  const route: RouteIr = {
    name: 'misdirected',
    match: ANYTHING,
    action: { kind: 'respond', status: 421 },
    requestHeaders: NO_HEADER_CHANGES,
    responseHeaders: NO_HEADER_CHANGES,
    features: {},
  };
  return { hostname, routes: [route] };
}

/**
 * The virtual hosts of one chain, kept from one translation to the next: only hosts of routes that came, went or changed
 * are made again. What comes out depends on what is served alone, not on the way there.
 */
export class VirtualHosts {
  #placed: ReadonlySet<readonly PlacedRoute[]> = new Set();
  #own: ReadonlySet<string> = new Set();
  #misdirected: ReadonlySet<string> = new Set();
  readonly #routesOf = new Map<string, Set<PlacedRoute>>();
  readonly #hosts = new SortedTable<VirtualHostIr>();
  readonly #clusters = new SortedTable<ClusterIr>();
  /** How many virtual hosts name each cluster. */
  readonly #uses = new Map<string, number>();

  /** Brings the chain to these routes. */
  update(hostnames: ChainHostnames, placed: Pieces<PlacedRoute>): ChainContent {
    const now = new Set(placed);
    const [own, misdirected] = [new Set(hostnames.own), new Set(hostnames.misdirected)];
    const dirty = new Set([
      ...own.symmetricDifference(this.#own),
      ...misdirected.symmetricDifference(this.#misdirected),
    ]);
    this.#misdirected = misdirected;
    // A route may have moved from one piece to another.
    const gone = new Set([...this.#placed.difference(now)].flat());
    for (const piece of now.difference(this.#placed)) {
      for (const route of piece) if (!gone.delete(route)) this.#join(route, dirty);
    }
    for (const route of gone) this.#leave(route, dirty);
    this.#placed = now;
    this.#own = own;
    for (const hostname of dirty) this.#rebuild(hostname);
    return { virtualHosts: this.#hosts.pieces(), clusters: this.#clusters.pieces() };
  }

  #join(route: PlacedRoute, dirty: Set<string>): void {
    for (const hostname of route.hosts.keys()) {
      const routes = this.#routesOf.get(hostname) ?? new Set();
      routes.add(route);
      this.#routesOf.set(hostname, routes);
      dirty.add(hostname);
    }
  }

  #leave(route: PlacedRoute, dirty: Set<string>): void {
    for (const hostname of route.hosts.keys()) {
      const routes = this.#routesOf.get(hostname);
      routes?.delete(route);
      if (routes?.size === 0) this.#routesOf.delete(hostname);
      dirty.add(hostname);
    }
  }

  #rebuild(hostname: string): void {
    const before = this.#hosts.get(hostname);
    const placed = this.#routesOf.get(hostname);
    if (this.#misdirected.has(hostname)) {
      this.#hosts.set(hostname, misdirectedHost(hostname));
      this.#replaceClusters(before?.routes ?? [], []);
      return;
    }
    if (placed === undefined && !this.#own.has(hostname)) {
      this.#hosts.delete(hostname);
      this.#replaceClusters(before?.routes ?? [], []);
      return;
    }
    const routes = [...(placed ?? [])]
      .sort((a, b) => byAge(a.route, b.route))
      .flatMap(({ hosts }) => hosts.get(hostname) ?? [])
      .sort(byPrecedence);
    if (before !== undefined && sameMembers(before.routes, routes)) return;
    this.#hosts.set(hostname, { hostname, routes });
    this.#replaceClusters(before?.routes ?? [], routes);
  }

  #replaceClusters(before: readonly RouteIr[], after: readonly RouteIr[]): void {
    for (const [name, cluster] of clustersOf(after)) {
      const uses = (this.#uses.get(name) ?? 0) + 1;
      this.#uses.set(name, uses);
      // The first to name it decides which of equal objects it is.
      if (uses === 1 || !sameCluster(this.#clusters.get(name), cluster)) this.#clusters.set(name, cluster);
    }
    for (const name of clustersOf(before).keys()) {
      const uses = (this.#uses.get(name) ?? 0) - 1;
      if (uses > 0) {
        this.#uses.set(name, uses);
        continue;
      }
      this.#uses.delete(name);
      this.#clusters.delete(name);
    }
  }
}

function clustersOf(routes: readonly RouteIr[]): ReadonlyMap<string, ClusterIr> {
  const clusters = new Map<string, ClusterIr>();
  for (const { action, features } of routes) {
    for (const { cluster } of features.extProc ?? []) clusters.set(cluster.name, cluster);
    for (const { cluster } of serversAsked(features)) clusters.set(cluster.name, cluster);
    if (action.kind !== 'forward') continue;
    for (const { cluster } of action.mirrors ?? []) clusters.set(cluster.name, cluster);
    for (const to of action.destinations) if (to.kind === 'cluster') clusters.set(to.cluster.name, to.cluster);
  }
  return clusters;
}

/** Whether two clusters of one name have the same addresses; everything else is in the name. */
function sameCluster(a: ClusterIr | undefined, b: ClusterIr): boolean {
  if (a === undefined) return false;
  if (a.source.kind === 'several' && b.source.kind === 'several') {
    const others = b.source.parts;
    return a.source.parts.every(({ cluster }, index) => {
      const other = others[index];
      return other !== undefined && sameCluster(cluster, other.cluster);
    });
  }
  if (a.source.kind !== 'addresses' || b.source.kind !== 'addresses') return true;
  return JSON.stringify(a.source.addresses) === JSON.stringify(b.source.addresses);
}

function sameMembers(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index]);
}
