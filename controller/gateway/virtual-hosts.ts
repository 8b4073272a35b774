import type { ClusterIr } from '../ir/cluster.ts';
import { type Pieces, sameMembers } from '../ir/pieces.ts';
import { NO_HEADER_CHANGES, type RouteIr, type RouteMatchIr, serversAsked } from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { byAge } from '../resources/resources.ts';
import { SortedTable } from '../resources/sorted-table.ts';
import type { Attachment } from './attachment.ts';
import type { PlacedRoute } from './placed-route.ts';
import { byPrecedence } from './precedence.ts';

/** What a chain serves. The lists are the same arrays as long as no member changed. */
export interface ChainContent {
  /** By host name. */
  readonly virtualHosts: Pieces<VirtualHostIr>;
  /** Every cluster that a route names, once, by name. */
  readonly clusters: Pieces<ClusterIr>;
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
  readonly #placed = new Map<Attachment, PlacedRoute>();
  #own: ReadonlySet<string> = new Set();
  #misdirected: ReadonlySet<string> = new Set();
  readonly #routesOf = new Map<string, Set<PlacedRoute>>();
  readonly #hosts = new SortedTable<VirtualHostIr>();
  readonly #clusters = new SortedTable<ClusterIr>();
  /** How many virtual hosts name each cluster. */
  readonly #uses = new Map<string, number>();
  /** Host names of which something came or left. */
  readonly #dirty = new Set<string>();
  #content: ChainContent = { virtualHosts: [], clusters: [] };

  /** A route as it was placed. */
  get(at: Attachment): PlacedRoute | undefined {
    return this.#placed.get(at);
  }

  /** Sets a route; the same again changes nothing. */
  set(at: Attachment, placed: PlacedRoute): void {
    const before = this.#placed.get(at);
    if (before === placed) return;
    if (before !== undefined) this.#leave(before);
    this.#placed.set(at, placed);
    this.#join(placed);
  }

  /** Removes a route. */
  delete(at: Attachment): void {
    const before = this.#placed.get(at);
    if (before !== undefined) this.#leave(before);
    this.#placed.delete(at);
  }

  /** Removes every route that is not one of these. */
  keep(isKept: (at: Attachment) => boolean): void {
    for (const at of this.#placed.keys()) if (!isKept(at)) this.delete(at);
  }

  /**
   * What is served with these routes; the same object as long as that is the same. `own` are the host names of the chain's
   * listeners, which exist even without a route; requests for those `misdirected` are told to come again on another
   * connection.
   */
  update(own: readonly string[], misdirected: readonly string[]): ChainContent {
    this.#setHostnames(own, misdirected);
    for (const hostname of this.#dirty) this.#rebuild(hostname);
    this.#dirty.clear();
    const [virtualHosts, clusters] = [this.#hosts.pieces(), this.#clusters.pieces()];
    const isSame = this.#content.virtualHosts === virtualHosts && this.#content.clusters === clusters;
    this.#content = isSame ? this.#content : { virtualHosts, clusters };
    return this.#content;
  }

  #setHostnames(own: readonly string[], misdirected: readonly string[]): void {
    const [nowOwn, nowMisdirected] = [new Set(own), new Set(misdirected)];
    for (const name of nowOwn.symmetricDifference(this.#own)) this.#dirty.add(name);
    for (const name of nowMisdirected.symmetricDifference(this.#misdirected)) this.#dirty.add(name);
    this.#own = nowOwn;
    this.#misdirected = nowMisdirected;
  }

  #join(route: PlacedRoute): void {
    for (const hostname of route.hosts.keys()) {
      const routes = this.#routesOf.get(hostname) ?? new Set();
      routes.add(route);
      this.#routesOf.set(hostname, routes);
      this.#dirty.add(hostname);
    }
  }

  #leave(route: PlacedRoute): void {
    for (const hostname of route.hosts.keys()) {
      const routes = this.#routesOf.get(hostname);
      routes?.delete(route);
      if (routes?.size === 0) this.#routesOf.delete(hostname);
      this.#dirty.add(hostname);
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
