import type { ChainIr, ListenerIr } from '../ir/listener.ts';
import type { GatewayState } from './gateways.ts';
import type { ListenerState } from './listeners.ts';
import type { PlacedRule, VirtualHosts } from './virtual-hosts.ts';

/** The rules of the routes that are attached to a listener, where they stand. */
export type Placement = (state: GatewayState, listener: ListenerState) => readonly PlacedRule[];

interface Member {
  readonly state: GatewayState;
  readonly listener: ListenerState;
}

/** The sockets of one proxy from the Gateways it serves. Listeners that share address and port share a socket. */
export function socketsOf(
  gateways: readonly GatewayState[],
  bindAddress: string,
  place: Placement,
  hosts: VirtualHosts,
): readonly ListenerIr[] {
  const groups = new Map<string, { readonly address: string; readonly port: number; readonly members: Member[] }>();
  for (const state of gateways.filter(({ refused }) => refused === undefined)) {
    const address = state.gateway.spec.addresses?.[0]?.value ?? bindAddress;
    for (const listener of state.listeners.filter(({ usable }) => usable)) {
      const { port } = listener.spec;
      const key = `${address} ${port}`;
      const group = groups.get(key) ?? { address, port, members: [] };
      groups.set(key, group);
      group.members.push({ state, listener });
    }
  }
  return [...groups.values()].map(({ address, port, members }) => {
    const chains = chainsOf(members, place, hosts);
    return { name: chains[0]?.name ?? '', address, port, chains };
  });
}

function chainsOf(members: readonly Member[], place: Placement, hosts: VirtualHosts): readonly ChainIr[] {
  const [first] = members;
  if (first === undefined) return [];
  if (first.listener.spec.protocol === 'HTTPS') return members.map((member) => chainOf([member], place, hosts));
  return [chainOf(members, place, hosts)];
}

/** A chain is called after the first of its listeners. */
function chainOf(members: readonly Member[], place: Placement, hosts: VirtualHosts): ChainIr {
  const [first] = members;
  const name = first === undefined ? '' : listenerName(first);
  const hostnames = members.map(({ listener }) => hostnameOf(listener));
  const rules = members.flatMap(({ state, listener }) => place(state, listener));
  return {
    name,
    tls:
      first?.listener.spec.protocol === 'HTTPS'
        ? {
            hostname: hostnameOf(first.listener),
            certificates: first.listener.certificates.map((secret) => secret.name),
          }
        : undefined,
    virtualHosts: hosts.build(name, hostnames, rules),
  };
}

function listenerName({ state, listener }: Member): string {
  const { namespace, name } = state.gateway.metadata;
  return `${namespace}/${name}/${listener.spec.name}`;
}

function hostnameOf({ spec }: ListenerState): string {
  return spec.hostname?.toLowerCase() ?? '*';
}
