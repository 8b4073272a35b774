import type { ChainIr, ListenerIr } from '../ir/listener.ts';
import { once } from '../ir/once.ts';
import { inPieces, type Pieces, withMember } from '../ir/pieces.ts';
import type { GatewayState } from './gateways.ts';
import { clientOf, HttpChain } from './http-chain.ts';
import type { ListenerState } from './listeners.ts';
import { widerThan } from './overlaps.ts';
import type { ConcernedPlaces, PolicyOracle } from './placed-route.ts';
import { RoutesByListener, type Turnovers } from './routes-by-listener.ts';
import { type Binding, type Group, type Member, socketGroups } from './socket-groups.ts';
import { type ChainWithContent, closedStream, plainStream, sameStream, tlsStreams } from './streams.ts';
import { hostnameOf } from './termination.ts';

/** What the sockets are made with. */
export interface SocketOptions extends Binding {
  readonly oracle: PolicyOracle;
}

/** A socket with its chains, and what they serve. */
export interface Socket {
  readonly listener: ListenerIr;
  readonly chains: Pieces<ChainWithContent>;
}

/** What is new since the last time. */
interface News {
  readonly turnovers: Turnovers;
  readonly oracle: PolicyOracle;
}

const NOWHERE: ConcernedPlaces = { gateways: new Set(), sets: new Set(), routes: [] };

/**
 * The sockets of one proxy, kept from one translation to the next: a chain is made again only when a route that is on it, its
 * listener or policies change. What comes out depends on what is served alone, not on the way there.
 */
export class Sockets {
  #gateways: readonly GatewayState[] = [];
  #groups: readonly Group[] = [];
  #policies: object | undefined;
  readonly #routes = new RoutesByListener();
  /** By name. */
  readonly #chains = new Map<string, HttpChain>();
  #made: ReadonlyMap<Group, Socket> = new Map();

  /** The sockets from the Gateways that the proxy serves. Listeners that share address and port share a socket. */
  update(gateways: readonly GatewayState[], { oracle, ...binding }: SocketOptions): readonly Socket[] {
    this.#plan(gateways, binding);
    const served = gateways.filter(({ refused }) => refused === undefined);
    const before = this.#policies;
    const isSamePolicies = before === undefined || before === oracle.policies;
    this.#policies = oracle.policies;
    const turnovers = this.#routes.update(
      served.flatMap(({ routes }) => routes),
      isSamePolicies ? NOWHERE : oracle.changesSince(before),
    );
    const sockets = new Map(this.#made.values().map((socket) => [socket.listener.name, socket]));
    this.#made = new Map(
      this.#groups.map((group) => {
        const news = { turnovers, oracle };
        const last = isSamePolicies ? this.#made.get(group) : undefined;
        const followed = last === undefined ? undefined : this.#followed(group, news, last);
        return [group, followed ?? this.#socket(group, news, sockets.get(nameOf(group)))];
      }),
    );
    return [...this.#made.values()];
  }

  #plan(gateways: readonly GatewayState[], binding: Binding): void {
    const isSame =
      this.#gateways.length === gateways.length &&
      gateways.every(({ gateway, refused, listeners, parameters }, index) => {
        const known = this.#gateways[index];
        return (
          known?.gateway === gateway &&
          (known.refused === undefined) === (refused === undefined) &&
          known.listeners === listeners &&
          known.parameters?.spec.ipFamily === parameters?.spec.ipFamily
        );
      });
    this.#gateways = gateways;
    if (isSame) return;
    this.#groups = socketGroups(gateways, binding, this.#groups);
    const names = new Set(this.#groups.flatMap(({ members }) => members.map(({ listener }) => listener.name)));
    for (const name of this.#chains.keys()) if (!names.has(name)) this.#chains.delete(name);
  }

  /**
   * The socket of listeners and policies that are as they were: chains whose routes are the same are not looked at. `undefined`
   * where chains depend on the routes of others.
   */
  #followed({ members, places, isOfRequests }: Group, news: News, last: Socket): Socket | undefined {
    const at = [...news.turnovers.keys()].flatMap((listener) => places.get(listener) ?? []);
    if (at.length === 0) return last;
    if (!isOfRequests) return undefined;
    // Listeners without TLS share a chain.
    const isOne = members[0]?.listener.spec.protocol === 'HTTP';
    let { chains } = last;
    for (const place of isOne ? [0] : at) {
      chains = withMember(chains, place, this.#chain(isOne ? members : members.slice(place, place + 1), news));
    }
    return chains === last.chains ? last : { listener: { ...last.listener, chains: chains.map(irsOf) }, chains };
  }

  /** `last` is the socket of that name as it was. */
  #socket(group: Group, news: News, last: Socket | undefined): Socket {
    const { address, bothFamilies, port, protocol, members } = group;
    const all = this.#chainsOf(group, news, last);
    const before = last?.chains.flat() ?? [];
    // The socket is shared: the first listener with a policy has its say.
    const client = clientOf(members, news.oracle)?.socket;
    const isSameFrame =
      last?.listener.client === client &&
      last?.listener.address === address &&
      last.listener.bothFamilies === bothFamilies &&
      last.listener.port === port &&
      last.listener.protocol === protocol &&
      before.length === all.length &&
      all.every(({ chain }, at) => isSameButRoutes(chain, before[at]?.chain));
    if (isSameFrame && all.every((one, at) => one === before[at])) return last;
    const chains = inPieces(all, last?.chains);
    const listener = {
      name: nameOf(group),
      address,
      ...(bothFamilies === undefined ? {} : { bothFamilies }),
      port,
      protocol,
      chains: chains.map(irsOf),
      ...(client === undefined ? {} : { client }),
      frame: (isSameFrame ? last.listener.frame : undefined) ?? {},
    };
    return { listener, chains };
  }

  #chainsOf(
    { members, closed, isOfRequests }: Group,
    news: News,
    last: Socket | undefined,
  ): readonly ChainWithContent[] {
    const [first] = members;
    if (first === undefined) return [];
    const { protocol } = first.listener.spec;
    if (protocol === 'HTTP') return [this.#chain(members, news)];
    const known = new Map(last?.chains.flat().map((made) => [made.chain.name, made]));
    const { oracle } = news;
    if (protocol === 'TCP' || protocol === 'UDP') {
      return [sameStream(plainStream(this.#routes.of(first.listener), first.listener, oracle), known)];
    }
    const taken = new Set(
      members.flatMap(({ listener }) => (listener.spec.protocol === 'HTTPS' ? hostnameOf(listener) : [])),
    );
    const chains = members.flatMap((member) => {
      const { listener, siblings } = member;
      if (listener.spec.protocol !== 'TLS') return [this.#chain([member], news)];
      const narrower = siblings.hostnames.slice(1);
      const streams = tlsStreams(this.#routes.of(listener), listener, { narrower, taken, oracle });
      return streams.map((stream) => sameStream(stream, known));
    });
    // Chains of requests answer for hosts that are closed themselves; to other chains the server name must not lead at all.
    const unrouted = members.map(({ listener }) => listener).filter((listener) => wouldLeadElsewhere(listener, taken));
    const closing = isOfRequests
      ? []
      : [...closed, ...unrouted].map((listener) => closedStream(listener, hostnameOf(listener)));
    // Envoy wants a chain.
    const others = chains.length === 0 && closing.length === 0 ? [closedStream(first.listener, '*')] : closing;
    return [...chains, ...others.map((stream) => sameStream(stream, known))];
  }

  /** A chain is called after the first of its listeners. */
  #chain(members: readonly Member[], { turnovers, oracle }: News): ChainWithContent {
    const name = members[0]?.listener.name ?? '';
    const chain = this.#chains.get(name) ?? new HttpChain();
    this.#chains.set(name, chain);
    return chain.update(members, this.#routes, turnovers, oracle);
  }
}

/**
 * Whether the server name of a listener leads to the chain of a wider one: no route has it here, and yet it is this listener's
 * (Gateway API, `GatewaySpec.listeners`, listener isolation).
 */
function wouldLeadElsewhere(listener: ListenerState, taken: ReadonlySet<string>): boolean {
  const hostname = hostnameOf(listener);
  return !taken.has(hostname) && widerThan(hostname).some((wide) => taken.has(wide));
}

/** The same array for the same chains. */
const irsOf = once((chains: readonly ChainWithContent[]): readonly ChainIr[] => chains.map(({ chain }) => chain));

function nameOf({ members }: Group): string {
  return members[0]?.listener.name ?? '';
}

function isSameButRoutes(chain: ChainIr, last: ChainIr | undefined): boolean {
  if (chain === last) return true;
  if (chain.kind !== 'http' || last?.kind !== 'http') return false;
  return chain.name === last.name && chain.tls === last.tls && chain.client === last.client;
}
