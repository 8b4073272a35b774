import type { Listener } from '#controller/api/gen/types.d.ts';
import type { ClientTrafficIr } from '../ir/client-traffic.ts';
import type { ListenerIr } from '../ir/listener.ts';
import { requestedIps } from './addresses.ts';
import type { GatewayState } from './gateways.ts';
import { gatewayPlace, type ListenerState } from './listeners.ts';
import { overlapsAmong } from './overlaps.ts';
import { type ChainWithContent, closedStream, plainStream, tlsStreams } from './streams.ts';
import { hostnameOf, termination } from './termination.ts';
import { placeRoutes, type PolicyOracle } from './placed-route.ts';
import type { ChainContent, VirtualHosts } from './virtual-hosts.ts';

interface Member {
  readonly state: GatewayState;
  readonly listener: ListenerState;
}

/** What the sockets are made with. */
export interface SocketOptions {
  /** Address of Gateways that state none. */
  readonly bindAddress: string;
  readonly oracle: PolicyOracle;
  /** The memory of a chain, by its name. */
  readonly hostsOf: (chain: string) => VirtualHosts;
}

/** A socket with its chains, and what they serve. */
export interface Socket {
  readonly listener: ListenerIr;
  readonly contents: readonly ChainContent[];
}

/** The sockets of one proxy from the Gateways it serves. Listeners that share address and port share a socket. */
export function socketsOf(gateways: readonly GatewayState[], options: SocketOptions): readonly Socket[] {
  const groups = new Map<string, Group>();
  for (const state of gateways.filter(({ refused }) => refused === undefined)) {
    const address = requestedIps(state.gateway)[0] ?? options.bindAddress;
    for (const listener of state.listeners.filter(({ usable }) => usable)) {
      const { port } = listener.spec;
      const protocol = transportOf(listener.spec);
      const key = `${protocol} ${address} ${port}`;
      const group = groups.get(key) ?? { address, port, protocol, members: [] };
      groups.set(key, group);
      group.members.push({ state, listener });
    }
  }
  return [...groups.values()].map(({ address, port, protocol, members }) => {
    const chains = chainsOf(members, options);
    const name = members[0]?.listener.name ?? '';
    // The socket is shared: the first listener with a policy has its say.
    const client = clientOf(members, options)?.socket;
    const said = client === undefined ? {} : { client };
    return {
      listener: { name, address, port, protocol, chains: chains.map(({ chain }) => chain), ...said },
      contents: chains.map(({ content }) => content),
    };
  });
}

/** What is said of the clients of the first of some listeners of which anything is. */
function clientOf(members: readonly Member[], { oracle }: SocketOptions): ClientTrafficIr | undefined {
  for (const { listener } of members) {
    const client = oracle.clientAt(gatewayPlace(listener));
    if (client !== undefined) return client;
  }
  return undefined;
}

type Group = Pick<ListenerIr, 'address' | 'port' | 'protocol'> & { readonly members: Member[] };

/** What a listener's protocol is carried by. */
export function transportOf({ protocol }: Pick<Listener, 'protocol'>): ListenerIr['protocol'] {
  return protocol === 'UDP' ? 'UDP' : 'TCP';
}

function chainsOf(members: readonly Member[], options: SocketOptions): readonly ChainWithContent[] {
  const [first] = members;
  if (first === undefined) return [];
  const hostnames = members.map(({ listener }) => hostnameOf(listener));
  const { protocol } = first.listener.spec;
  if (protocol === 'HTTP') return [chainOf(members, hostnames, [], options)];
  if (protocol === 'TCP' || protocol === 'UDP') return [plainStream(first.state, first.listener, options.oracle)];
  const taken = new Set(
    members.flatMap(({ listener }) => (listener.spec.protocol === 'HTTPS' ? hostnameOf(listener) : [])),
  );
  const overlapOf = overlapsAmong(hostnames);
  const chains = members.flatMap((member) => {
    const own = hostnameOf(member.listener);
    const { narrower, wider } = overlapOf(own);
    if (member.listener.spec.protocol === 'TLS') {
      return tlsStreams(member.state, member.listener, { narrower, taken, oracle: options.oracle });
    }
    // A connection may be made with the server name of one listener and ask for a host of another: that is not served here,
    // where the other one's policies and certificates are not in force. Clients may come again, on a connection of their own.
    return [chainOf([member], [own, ...narrower], [...narrower, ...wider], options)];
  });
  return chains.length === 0 ? [closedStream(first.listener)] : chains;
}

/**
 * A chain is called after the first of its listeners; `hostnames` are those it knows, be it to serve nothing there, and
 * `misdirected` those that only other chains serve.
 */
function chainOf(
  members: readonly Member[],
  hostnames: readonly string[],
  misdirected: readonly string[],
  options: SocketOptions,
): ChainWithContent {
  const { oracle, hostsOf } = options;
  const [first] = members;
  const name = first?.listener.name ?? '';
  const placed = members.flatMap(({ state, listener }) =>
    state.routes.map((piece) => placeRoutes(piece, listener, hostnames, oracle)),
  );
  const content = hostsOf(name).update({ own: hostnames, misdirected }, placed);
  const isTls = first?.listener.spec.protocol === 'HTTPS';
  const client = clientOf(members, options);
  return {
    content,
    chain: {
      kind: 'http',
      name,
      tls: isTls ? termination(first.listener, client?.tls) : undefined,
      ...(client === undefined ? {} : { client: client.http }),
      virtualHosts: content.virtualHosts,
    },
  };
}
