import type { Listener } from '#controller/api/gen/types.d.ts';
import type { ListenerIr } from '../ir/listener.ts';
import { sameMembers } from '../ir/pieces.ts';
import { requestedIps } from './addresses.ts';
import { closedAmong } from './closed-hosts.ts';
import type { GatewayState } from './gateways.ts';
import type { ListenerState } from './listeners.ts';
import { covers } from './hostnames.ts';
import { hostnamesWithin, overlapsAmong } from './overlaps.ts';
import { Siblings } from './siblings.ts';
import { hostnameOf } from './termination.ts';

/** A listener among those that share a socket. The same object as long as nothing of it changes. */
export interface Member {
  readonly listener: ListenerState;
  /** The host names that its chain knows, be it to serve nothing there; its own is the first where it has a chain to itself. */
  readonly siblings: Siblings;
  /** Those that only other chains of the socket serve, or none. */
  readonly misdirected: readonly string[];
}

/** Listeners that share address and port, whatever routes they have. The same object as long as none of them changes. */
export interface Group extends Pick<ListenerIr, 'address' | 'bothFamilies' | 'port' | 'protocol'> {
  readonly members: readonly Member[];
  /** Listeners that are not served, by host names that wider ones of the members have: their hosts are nobody's. */
  readonly closed: readonly ListenerState[];
  /** Whether what comes in at all of them is requests. */
  readonly isOfRequests: boolean;
  /** Where each listener is among them. */
  readonly places: ReadonlyMap<ListenerState, number>;
}

type Place = Omit<Group, 'members' | 'closed' | 'isOfRequests' | 'places'>;

/** What listeners bind. */
export interface Binding {
  /** Address of Gateways that state none. */
  readonly bindAddress: string;
  /** Whether a proxy binds the addresses that its Gateways ask for; where it does not, something before it has them. */
  readonly bindsRequested: boolean;
}

/** The groups of the listeners that are served by one proxy, as far as possible those of the last time. */
export function socketGroups(
  gateways: readonly GatewayState[],
  binding: Binding,
  last: readonly Group[],
): readonly Group[] {
  // A Gateway that is refused may know nothing of how the proxy runs that it would share with others.
  const parameters = gateways.find(isServed)?.parameters;
  const placed = gateways.flatMap((state) => {
    const bound = boundBy(state.gateway, parameters, binding);
    return state.listeners.map((listener) => {
      const place = { ...bound, port: listener.spec.port, protocol: transportOf(listener.spec) };
      return { place, key: keyOf(place), listener, isUsable: listener.usable && isServed(state) };
    });
  });
  const found = new Map<string, Place & { readonly listeners: ListenerState[]; readonly unserved: ListenerState[] }>();
  for (const { place, key, listener } of placed.filter(({ isUsable }) => isUsable)) {
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...place, listeners: [listener], unserved: [] });
    else known.listeners.push(listener);
  }
  for (const { key, listener, isUsable } of placed) if (!isUsable) found.get(key)?.unserved.push(listener);
  const before = new Map(last.map((group) => [keyOf(group), group]));
  return [...found].map(([key, { listeners, unserved, ...place }]) => {
    const known = before.get(key);
    const closed = closedAmong(listeners, unserved);
    const members = membersOf(listeners, closed, known?.members ?? []);
    const isSame =
      known !== undefined &&
      known.bothFamilies === place.bothFamilies &&
      sameMembers(members, known.members) &&
      sameMembers(closed, known.closed);
    const places = new Map(members.map(({ listener }, at) => [listener, at]));
    const isOfRequests = listeners.every(({ spec: { protocol } }) => protocol === 'HTTP' || protocol === 'HTTPS');
    return isSame ? known : { ...place, members, closed, isOfRequests, places };
  });
}

function isServed({ refused }: GatewayState): boolean {
  return refused === undefined;
}

/** What the listeners of a Gateway bind: what it asks for, or all addresses of the families that its EnvoyProxy names. */
function boundBy(
  gateway: GatewayState['gateway'],
  parameters: GatewayState['parameters'],
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

function keyOf({ protocol, address, port }: Place): string {
  return `${protocol} ${address} ${port}`;
}

function membersOf(
  listeners: readonly ListenerState[],
  closed: readonly ListenerState[],
  last: readonly Member[],
): readonly Member[] {
  const all = [...listeners, ...closed].map(hostnameOf);
  const protocol = listeners[0]?.spec.protocol;
  const before = new Map(last.map((member) => [member.listener, member]));
  if (protocol !== 'HTTPS' && protocol !== 'TLS') {
    const shared = last[0]?.siblings;
    const siblings = shared !== undefined && sameMembers(shared.hostnames, all) ? shared : new Siblings(all);
    return listeners.map((listener) => {
      const known = before.get(listener);
      return known?.siblings === siblings ? known : { listener, siblings, misdirected: NO_NAMES };
    });
  }
  const overlapOf = overlapsAmong(all);
  const within = hostnamesWithin(all);
  return listeners.map((listener) => {
    const own = hostnameOf(listener);
    const { narrower, wider } = overlapOf(own);
    const known = before.get(listener);
    const hostnames = [own, ...narrower];
    // A connection may be made with the server name of one listener and ask for a host of another: that is not served here,
    // where the other one's policies and certificates are not in force. Clients may come again, on a connection of their own.
    const certified = listener.certificates.flatMap((certificate) => certificate.hostnames);
    const shared = within(certified).filter((name) => !covers(own, name));
    const misdirected = [...new Set([...narrower, ...wider, ...shared])];
    const isSame =
      known !== undefined &&
      sameMembers(known.siblings.hostnames, hostnames) &&
      sameMembers(known.misdirected, misdirected);
    return isSame ? known : { listener, siblings: new Siblings(hostnames), misdirected };
  });
}

const NO_NAMES: readonly string[] = [];

/** What a listener's protocol is carried by. */
export function transportOf({ protocol }: Pick<Listener, 'protocol'>): ListenerIr['protocol'] {
  return protocol === 'UDP' ? 'UDP' : 'TCP';
}
