import { type Aged, byAge } from '../resources/resources.ts';

/** A place on the machine where connections or datagrams come in. */
export interface Socket {
  readonly address: string;
  /** Whether `address`, "::" then, is all IPv4 addresses, too. */
  readonly bothFamilies?: true;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** What is known of a socket that a proxy wants to bind. */
export type PortState =
  /** It has not been looked at yet. */
  | { readonly kind: 'unknown' }
  /** It can be bound, or the proxy that wants it has it already. */
  | { readonly kind: 'free' }
  /** It is privileged and may not be bound; `port` is bound in its place. */
  | { readonly kind: 'shifted'; readonly port: number }
  /** `port` is bound in its place, and nobody has to know: what leads to the proxy leads there. */
  | { readonly kind: 'mapped'; readonly port: number }
  /** Somebody else has it, or the machine does not have its address. `reason` is a sentence without a full stop. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What the machine says of sockets; an input of the compiler. */
export interface PortBook {
  at(proxy: string, socket: Socket): PortState;
  /** Whether each proxy has a network of its own, as a pod has: only the claims of one proxy can be for the same socket. */
  readonly isolated?: boolean;
}

/** The book of a machine without limits: what is wanted can be bound. */
export const OPEN_PORTS: PortBook = { at: () => ({ kind: 'free' }) };

/** A socket that a listener of a Gateway wants. */
export interface PortClaim extends Socket {
  /** Key of the proxy that binds it; within one proxy listeners share sockets. */
  readonly proxy: string;
  readonly gateway: { readonly metadata: Aged };
  /** Name of the Listener in xDS. */
  readonly listener: string;
  /** The port is as it is and cannot be shifted. */
  readonly fixed?: boolean;
}

/** What becomes of a claim. */
export type PortDecision =
  | { readonly kind: 'bound'; readonly port: number; readonly note?: string }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'refused'; readonly message: string };

/** How far a privileged port that cannot be bound is shifted. */
export const PRIVILEGED_SHIFT = 10_000;

/**
 * Decides every claim, by the listener's name: of two Gateways that want one socket the older has it, then the one whose
 * namespace and name come first (Gateway API, "Conflicts"; listener condition `Accepted`, reason `PortUnavailable`).
 */
export function claimPorts(claims: readonly PortClaim[], book: PortBook): ReadonlyMap<string, PortDecision> {
  const wanted = claims.map((claim) => ({ claim, state: book.at(claim.proxy, claim) }));
  const bound: { readonly claim: PortClaim; readonly socket: Socket }[] = [];
  const decisions = new Map<string, PortDecision>();
  for (const { claim, state } of wanted.sort(bySeniority)) {
    const isMoved = state.kind === 'shifted' || state.kind === 'mapped';
    const socket = { ...claim, port: isMoved ? state.port : claim.port };
    const winner = bound.find(
      (other) => overlaps(other.socket, socket) && (book.isolated !== true || other.claim.proxy === claim.proxy),
    );
    if (winner === undefined) bound.push({ claim, socket });
    const decision = winner === undefined ? decide(claim, state) : lost(claim, socket, winner.claim);
    // A listener of several sockets has all of them or none.
    if (decisions.get(claim.listener)?.kind !== 'refused') decisions.set(claim.listener, decision);
  }
  return decisions;
}

/** Whether two sockets cannot both be bound without sharing what comes in. */
export function overlaps(a: Socket, b: Socket): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return a.address === b.address || covers(a, b) || covers(b, a);
}

/** Whether one is all addresses of the family of another: Envoy binds "::" for IPv6 alone where it is not told otherwise. */
function covers(wildcard: Socket, { address }: Socket): boolean {
  if (address.includes(':')) return wildcard.address === '::';
  return wildcard.address === '0.0.0.0' || wildcard.bothFamilies === true;
}

type Wanted = { readonly claim: PortClaim; readonly state: PortState };

/** Older Gateways first; within one, ports as they are written before shifted ones. */
function bySeniority(a: Wanted, b: Wanted): number {
  return (
    byAge(a.claim.gateway, b.claim.gateway) || Number(a.state.kind === 'shifted') - Number(b.state.kind === 'shifted')
  );
}

function decide(claim: PortClaim, state: PortState): PortDecision {
  switch (state.kind) {
    case 'unknown':
      return { kind: 'undecided' };
    case 'free':
      return { kind: 'bound', port: claim.port };
    case 'mapped':
      return { kind: 'bound', port: claim.fixed === true ? claim.port : state.port };
    case 'shifted':
      if (claim.fixed === true) {
        return { kind: 'refused', message: `${describe(claim)} is privileged and may not be bound` };
      }
      return {
        kind: 'bound',
        port: state.port,
        note: `port ${claim.port} is privileged and may not be bound here, it is served on port ${state.port}`,
      };
    case 'unavailable':
      return { kind: 'refused', message: `${describe(claim)} ${state.reason}` };
    default:
      return state satisfies never;
  }
}

function lost(claim: PortClaim, socket: Socket, winner: PortClaim): PortDecision {
  const { namespace = '', name } = winner.gateway.metadata;
  const listener = winner.listener.split('/').at(-1) ?? '';
  const shift = socket.port === claim.port ? '' : ` (privileged, shifted to ${socket.port})`;
  return {
    kind: 'refused',
    message: `${describe(claim)}${shift} is held by listener ${listener} of Gateway ${namespace}/${name}; another address (spec.addresses) or port would be accepted`,
  };
}

function describe({ address, port, protocol }: Socket): string {
  return `${protocol} port ${port} on ${address}`;
}
