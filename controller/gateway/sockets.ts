import type { Listener } from '#controller/api/gen/types.d.ts';
import type { ClientTrafficIr } from '../ir/client-traffic.ts';
import type { ListenerIr } from '../ir/listener.ts';
import type { Pieces } from '../ir/pieces.ts';
import { requestedIps } from './addresses.ts';
import type { AttachedRoute } from './attach-routes.ts';
import type { GatewayState } from './gateways.ts';
import { covers } from './hostnames.ts';
import { gatewayPlace, type ListenerState } from './listeners.ts';
import { hostnamesWithin, overlapsAmong } from './overlaps.ts';
import { PiecesByListener } from './pieces-by-listener.ts';
import { type ChainWithContent, closedStream, plainStream, tlsStreams } from './streams.ts';
import { hostnameOf, termination } from './termination.ts';
import { placeRoutes, type PolicyOracle } from './placed-route.ts';
import { type ChainContent, VirtualHosts } from './virtual-hosts.ts';

/** A listener, and which of the Gateways it is of. */
interface Member {
  readonly gateway: number;
  readonly listener: ListenerState;
  /** The host names that its chain knows, be it to serve nothing there. */
  readonly hostnames: readonly string[];
  /** Those that only other chains of the socket serve. */
  readonly misdirected: readonly string[];
}

/** What the sockets are made with. */
export interface SocketOptions {
  /** Address of Gateways that state none. */
  readonly bindAddress: string;
  /** Whether a proxy binds the addresses that its Gateways ask for; where it does not, something before it has them. */
  readonly bindsRequested: boolean;
  readonly oracle: PolicyOracle;
}

/** A socket with its chains, and what they serve. */
export interface Socket {
  readonly listener: ListenerIr;
  readonly contents: readonly ChainContent[];
}

/** Listeners that share address and port, whatever routes they have. The same object as long as none of them changes. */
interface Group extends Pick<ListenerIr, 'address' | 'bothFamilies' | 'port' | 'protocol'> {
  readonly members: readonly Member[];
}

interface Chain {
  readonly group: Group;
  readonly policies: object;
  readonly hosts: VirtualHosts;
  readonly made: ChainWithContent;
}

/**
 * The sockets of one proxy, kept from one translation to the next: a chain is made again only when a route that is on it, its
 * listener or policies change. What comes out depends on what is served alone, not on the way there.
 */
export class Sockets {
  #gateways: readonly Planned[] = [];
  #groups: readonly Group[] = [];
  #pieces: readonly PiecesByListener[] = [];
  /** By name. */
  #chains = new Map<string, Chain>();
  #made = new Map<Group, { readonly policies: object; readonly frame: object; readonly socket: Socket }>();

  /** The sockets from the Gateways that the proxy serves. Listeners that share address and port share a socket. */
  update(gateways: readonly GatewayState[], { oracle, ...binding }: SocketOptions): readonly Socket[] {
    const served = gateways.filter(({ refused }) => refused === undefined);
    this.#plan(served, binding);
    const dirty = new Set(served.flatMap(({ routes }, index) => [...(this.#pieces[index]?.update(routes) ?? [])]));
    return this.#groups.map((group) => {
      const known = this.#made.get(group);
      const isSame = known?.policies === oracle.policies && !group.members.some(({ listener }) => dirty.has(listener));
      // What policies say of clients is of the frame, too.
      const frame = known?.policies === oracle.policies ? known.frame : {};
      const socket = isSame ? known.socket : this.#socket(group, frame, dirty, oracle, known?.socket);
      this.#made.set(group, { policies: oracle.policies, frame, socket });
      return socket;
    });
  }

  #plan(gateways: readonly GatewayState[], binding: Binding): void {
    const isSame =
      this.#gateways.length === gateways.length &&
      gateways.every(({ gateway, listeners, parameters }, index) => {
        const known = this.#gateways[index];
        return (
          known?.gateway === gateway &&
          known.listeners === listeners &&
          known.parameters?.spec.ipFamily === parameters?.spec.ipFamily
        );
      });
    if (isSame) return;
    // Pieces are by the place of a Gateway among the others.
    const before = new Map(this.#gateways.map(({ gateway }, index) => [keyOf(gateway), this.#pieces[index]]));
    this.#pieces = gateways.map(({ gateway }) => before.get(keyOf(gateway)) ?? new PiecesByListener());
    this.#gateways = gateways.map(({ gateway, listeners, parameters }) => ({ gateway, listeners, parameters }));
    this.#groups = groupsOf(gateways, binding);
    this.#made = new Map();
    const names = new Set(this.#groups.flatMap(({ members }) => members.map(({ listener }) => listener.name)));
    for (const name of this.#chains.keys()) if (!names.has(name)) this.#chains.delete(name);
  }

  #socket(
    group: Group,
    frame: object,
    dirty: ReadonlySet<ListenerState>,
    oracle: PolicyOracle,
    last: Socket | undefined,
  ): Socket {
    const { address, bothFamilies, port, protocol, members } = group;
    const chains = this.#chainsOf(group, dirty, oracle);
    // The socket is shared: the first listener with a policy has its say.
    const isSameFrame = last !== undefined && last.listener.frame === frame;
    const client = isSameFrame ? last.listener.client : clientOf(members, oracle)?.socket;
    const isSame =
      last?.listener.client === client &&
      last?.listener.frame === frame &&
      last.contents.length === chains.length &&
      chains.every(
        ({ chain, content }, index) => chain === last.listener.chains[index] && content === last.contents[index],
      );
    if (isSame) return last;
    const name = members[0]?.listener.name ?? '';
    const isOfHosts = chains.every(({ chain }) => chain.kind === 'http');
    return {
      listener: {
        name,
        address,
        ...(bothFamilies === undefined ? {} : { bothFamilies }),
        port,
        protocol,
        chains: chains.map(({ chain }) => chain),
        ...(client === undefined ? {} : { client }),
        ...(isOfHosts ? { frame } : {}),
      },
      contents: chains.map(({ content }) => content),
    };
  }

  #chainsOf(group: Group, dirty: ReadonlySet<ListenerState>, oracle: PolicyOracle): readonly ChainWithContent[] {
    const { members } = group;
    const [first] = members;
    if (first === undefined) return [];
    const { protocol } = first.listener.spec;
    if (protocol === 'HTTP') return [this.#chain(group, members, dirty, oracle)];
    if (protocol === 'TCP' || protocol === 'UDP') {
      return [plainStream(this.#piecesOf(first), first.listener, oracle)];
    }
    const taken = new Set(
      members.flatMap(({ listener }) => (listener.spec.protocol === 'HTTPS' ? hostnameOf(listener) : [])),
    );
    const chains = members.flatMap((member) => {
      const { listener, hostnames } = member;
      if (listener.spec.protocol !== 'TLS') return [this.#chain(group, [member], dirty, oracle)];
      const narrower = hostnames.slice(1);
      return tlsStreams(this.#piecesOf(member), listener, { narrower, taken, oracle });
    });
    return chains.length === 0 ? [closedStream(first.listener)] : chains;
  }

  /** A chain is called after the first of its listeners. */
  #chain(
    group: Group,
    members: readonly Member[],
    dirty: ReadonlySet<ListenerState>,
    oracle: PolicyOracle,
  ): ChainWithContent {
    const [first] = members;
    const name = first?.listener.name ?? '';
    const known = this.#chains.get(name);
    const isSame =
      known?.group === group &&
      known.policies === oracle.policies &&
      !members.some(({ listener }) => dirty.has(listener));
    if (isSame) return known.made;
    const hosts = known?.hosts ?? new VirtualHosts();
    const own = first?.hostnames ?? [];
    const placed = members.flatMap((member) =>
      this.#piecesOf(member).map((piece) => placeRoutes(piece, member.listener, own, oracle)),
    );
    const content = hosts.update({ own, misdirected: first?.misdirected ?? [] }, placed);
    const isTls = first?.listener.spec.protocol === 'HTTPS';
    const client = clientOf(members, oracle);
    const made = sameChain(known, group, oracle, content) ?? {
      content,
      chain: {
        kind: 'http',
        name,
        tls: isTls ? termination(first.listener, client?.tls) : undefined,
        ...(client === undefined ? {} : { client: client.http }),
        virtualHosts: content.virtualHosts,
      },
    };
    this.#chains.set(name, { group, policies: oracle.policies, hosts, made });
    return made;
  }

  #piecesOf({ gateway, listener }: Member): Pieces<AttachedRoute> {
    return this.#pieces[gateway]?.of(listener) ?? [];
  }
}

function sameChain(
  known: Chain | undefined,
  group: Group,
  { policies }: PolicyOracle,
  content: ChainContent,
): ChainWithContent | undefined {
  if (known?.group !== group || known.policies !== policies) return undefined;
  const { virtualHosts, clusters } = known.made.content;
  return virtualHosts === content.virtualHosts && clusters === content.clusters ? known.made : undefined;
}

/** What is said of the clients of the first of some listeners of which anything is. */
function clientOf(members: readonly Member[], oracle: PolicyOracle): ClientTrafficIr | undefined {
  for (const { listener } of members) {
    const client = oracle.clientAt(gatewayPlace(listener));
    if (client !== undefined) return client;
  }
  return undefined;
}

type Planned = Pick<GatewayState, 'gateway' | 'listeners' | 'parameters'>;
type Binding = Omit<SocketOptions, 'oracle'>;

function keyOf({ metadata }: GatewayState['gateway']): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function groupsOf(gateways: readonly GatewayState[], binding: Binding): readonly Group[] {
  const groups = new Map<string, Omit<Group, 'members'> & { readonly found: Found[] }>();
  for (const [gateway, state] of gateways.entries()) {
    const bound = boundBy(state, binding);
    for (const listener of state.listeners.filter(({ usable }) => usable)) {
      const { port } = listener.spec;
      const protocol = transportOf(listener.spec);
      const key = `${protocol} ${bound.address} ${port}`;
      const group = groups.get(key) ?? { ...bound, port, protocol, found: [] };
      groups.set(key, group);
      group.found.push({ gateway, listener });
    }
  }
  return [...groups.values()].map(({ found, ...rest }) => ({ ...rest, members: membersOf(found) }));
}

/** What the listeners of a Gateway bind: what it asks for, or all addresses of the families that its EnvoyProxy names. */
function boundBy(
  { gateway, parameters }: Planned,
  { bindAddress, bindsRequested }: Binding,
): Pick<ListenerIr, 'address' | 'bothFamilies'> {
  const requested = bindsRequested ? requestedIps(gateway)[0] : undefined;
  if (requested !== undefined) return { address: requested };
  const family = parameters?.spec.ipFamily;
  switch (family) {
    case 'IPv4':
    case undefined:
      return { address: bindAddress };
    case 'IPv6':
      return { address: '::' };
    case 'DualStack':
      return { address: '::', bothFamilies: true };
    default:
      return family satisfies never;
  }
}

type Found = Pick<Member, 'gateway' | 'listener'>;

function membersOf(found: readonly Found[]): readonly Member[] {
  const all = found.map(({ listener }) => hostnameOf(listener));
  const protocol = found[0]?.listener.spec.protocol;
  if (protocol !== 'HTTPS' && protocol !== 'TLS') {
    return found.map((one) => ({ ...one, hostnames: all, misdirected: [] }));
  }
  const overlapOf = overlapsAmong(all);
  const within = hostnamesWithin(all);
  return found.map((one) => {
    const own = hostnameOf(one.listener);
    const { narrower, wider } = overlapOf(own);
    const certified = one.listener.certificates.flatMap(({ hostnames }) => hostnames);
    const shared = within(certified).filter((name) => !covers(own, name));
    // A connection may be made with the server name of one listener and ask for a host of another: that is not served here,
    // where the other one's policies and certificates are not in force. Clients may come again, on a connection of their own.
    return { ...one, hostnames: [own, ...narrower], misdirected: [...new Set([...narrower, ...wider, ...shared])] };
  });
}

/** What a listener's protocol is carried by. */
export function transportOf({ protocol }: Pick<Listener, 'protocol'>): ListenerIr['protocol'] {
  return protocol === 'UDP' ? 'UDP' : 'TCP';
}
