import { clusterShowing, clusterWith } from '../backends/clusters.ts';
import type { ClusterIr } from '../ir/cluster.ts';
import { type ChainIr, REFUSING_CLUSTER, type StreamChainIr, type StreamDestinationIr } from '../ir/listener.ts';
import { byAge, compare } from '../resources/resources.ts';
import { covers } from './hostnames.ts';
import { gatewayPlace, type ListenerState } from './listeners.ts';
import type { PolicyOracle } from './placed-route.ts';
import type { StreamCore } from './route-core.ts';
import type { RoutesOn } from './routes-by-listener.ts';
import { passesThrough } from './route-kinds.ts';
import { termination } from './termination.ts';
import type { ChainContent } from './virtual-hosts.ts';

/** A chain of a socket, and what it serves. */
export interface ChainWithContent {
  readonly chain: ChainIr;
  readonly content: ChainContent;
}

/** A route of connections on a listener. */
interface Stream {
  readonly core: StreamCore;
  readonly hostnames: readonly string[];
}

/**
 * The chain of a listener whose connections, or datagrams, all go one way. Of several routes the oldest has it, then the one
 * whose namespace and name come first (Gateway API, "Conflicts"). Without a route every connection is closed.
 */
export function plainStream(routes: RoutesOn, listener: ListenerState, oracle: PolicyOracle): ChainWithContent {
  // A route that is refused is for no more than another one is.
  const first = streamsOf(routes).find(({ core }) => core.refused === undefined);
  const led = first === undefined ? NOWHERE : ledBy(first.core, listener, oracle);
  return withContent({ kind: 'stream', name: listener.name, tls: { kind: 'none' }, ...led });
}

/** What the chains of a TLS listener are made with. */
interface TlsSurroundings {
  /** The host names of listeners of the socket that are more specific. */
  readonly narrower: readonly string[];
  /** The server names that lead somewhere already; takes those of this listener. */
  readonly taken: Set<string>;
  readonly oracle: PolicyOracle;
}

/**
 * The chains of a listener of TLS: one for each route, by the server names that are neither an older route's nor those of a
 * listener with a more specific host name. A server name that no chain has is refused.
 */
export function tlsStreams(
  routes: RoutesOn,
  listener: ListenerState,
  { narrower, taken, oracle }: TlsSurroundings,
): readonly ChainWithContent[] {
  const isFree = (name: string): boolean => !taken.has(name) && !narrower.some((other) => covers(other, name));
  return streamsOf(routes).flatMap(({ core, hostnames }) => {
    const free = hostnames.filter(isFree);
    if (free.length === 0) return [];
    for (const name of free) taken.add(name);
    const { kind, metadata } = core.route;
    return withContent({
      kind: 'stream',
      name: `${listener.name}/${kind.toLowerCase()}/${metadata.namespace}/${metadata.name}`,
      tls: passesThrough(listener.spec)
        ? { kind: 'passthrough', hostnames: free }
        : {
            kind: 'terminate',
            hostnames: free,
            termination: termination(listener, oracle.clientAt(gatewayPlace(listener))?.tls),
          },
      ...ledBy(core, listener, oracle),
    });
  });
}

/** A chain that closes the connections for a host name. */
export function closedStream({ name }: ListenerState, hostname: string): ChainWithContent {
  return withContent({ kind: 'stream', name, tls: { kind: 'passthrough', hostnames: [hostname] }, destinations: [] });
}

/** A chain as it was where it has not changed: the same object. */
export function sameStream(made: ChainWithContent, known: ReadonlyMap<string, ChainWithContent>): ChainWithContent {
  const last = known.get(made.chain.name);
  if (last?.chain.kind !== 'stream' || made.chain.kind !== 'stream') return made;
  const { destinations, clients, ...rest } = made.chain;
  const { destinations: before, clients: clientsBefore, ...restBefore } = last.chain;
  const isSame =
    clients === clientsBefore &&
    sameDestinations(destinations, before) &&
    JSON.stringify(rest) === JSON.stringify(restBefore);
  return isSame ? last : made;
}

function sameDestinations(a: readonly StreamDestinationIr[], b: readonly StreamDestinationIr[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((to, index) => sameDestination(to, b[index]));
}

function sameDestination(a: StreamDestinationIr, b: StreamDestinationIr | undefined): boolean {
  if (a.kind !== b?.kind || a.weight !== b.weight) return false;
  return a.kind === 'invalid' || (b.kind === 'cluster' && a.cluster === b.cluster);
}

/** The routes of connections among those of a listener, the oldest first. */
function streamsOf(routes: RoutesOn): readonly Stream[] {
  const found: Stream[] = [];
  for (const [{ hostnames }, core] of routes) if (core.kind === 'stream') found.push({ core, hostnames });
  return found.sort((a, b) => byAge(a.core.route, b.core.route) || compare(a.core.route.kind, b.core.route.kind));
}

type Led = Pick<StreamChainIr, 'clients' | 'destinations' | 'idleTimeout'>;

const NOWHERE: Led = { destinations: [] };

/** Where the connections of a route go, as policies want it; nowhere where one that should guard it cannot be enforced. */
function ledBy(
  { route, destinations, untouched }: StreamCore,
  listener: ListenerState,
  { streamFeaturesAt, clientAt }: PolicyOracle,
): Led {
  const found = streamFeaturesAt({
    gateway: gatewayPlace(listener),
    route: {
      kind: route.kind,
      namespace: route.metadata.namespace,
      name: route.metadata.name,
      rule: route.spec.rules[0]?.name,
    },
  });
  if (found.kind === 'refused') return NOWHERE;
  const { backend, clients } = found;
  const idleTimeout = clientAt(gatewayPlace(listener))?.stream.idleTimeout;
  const guard = {
    ...(clients === undefined ? {} : { clients }),
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
  };
  const isUntouched = passesThrough(listener.spec);
  const shown = isUntouched ? undefined : listener.shown?.name;
  const wanted = isUntouched ? untouched : destinations;
  if (backend === undefined && shown === undefined) return { ...guard, destinations: wanted };
  const made = (cluster: ClusterIr): ClusterIr => {
    const known = shown === undefined ? cluster : clusterShowing(cluster, shown);
    return backend === undefined ? known : clusterWith(known, backend);
  };
  const talked = wanted.map((to) => (to.kind === 'cluster' ? { ...to, cluster: made(to.cluster) } : to));
  return { ...guard, destinations: talked };
}

function withContent(chain: StreamChainIr): ChainWithContent {
  return { chain, content: { virtualHosts: [], clusters: [clustersOf(chain.destinations)] } };
}

function clustersOf(destinations: readonly StreamDestinationIr[]): readonly ClusterIr[] {
  const all = destinations.map((to) => (to.kind === 'cluster' ? to.cluster : REFUSING_CLUSTER));
  if (all.length === 0) return [REFUSING_CLUSTER];
  return [...new Map(all.map((cluster) => [cluster.name, cluster])).values()];
}
