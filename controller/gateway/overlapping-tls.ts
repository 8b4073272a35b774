import type { Verdict } from '../resources/verdict.ts';
import type { ListenerState } from './listeners.ts';
import { overlapsAmong, parentOf } from './overlaps.ts';
import { hostnameOf } from './termination.ts';

/** What is said of listeners whose TLS overlaps; of the others nothing (Gateway API, listener condition `OverlappingTLSConfig`). */
export type OverlapVerdicts = ReadonlyMap<ListenerState, Verdict>;

/**
 * Tells which of the HTTPS listeners that one proxy serves have host names, or certificates for host names, in common with
 * another one of their port. A client may then ask on a connection to one of them for a host of the other. What it costs grows
 * with how many listeners there are, not with its square.
 */
export function overlapVerdicts(listeners: readonly ListenerState[]): OverlapVerdicts {
  const ports = new Map<number, ListenerState[]>();
  for (const listener of listeners) {
    if (!listener.usable || listener.spec.protocol !== 'HTTPS') continue;
    const same = ports.get(listener.spec.port);
    if (same === undefined) ports.set(listener.spec.port, [listener]);
    else same.push(listener);
  }
  return new Map([...ports.values()].filter(({ length }) => length > 1).flatMap(ofOnePort));
}

function ofOnePort(listeners: readonly ListenerState[]): readonly (readonly [ListenerState, Verdict])[] {
  const byHostname = new Map(listeners.map((listener) => [hostnameOf(listener), listener]));
  const overlapOf = overlapsAmong([...byHostname.keys()]);
  const holders = certificateHolders(listeners);
  return listeners.flatMap((listener) => {
    const certificate = certificateOverlap(listener, holders);
    if (certificate !== undefined) return [[listener, certificate] as const];
    const { narrower, wider } = overlapOf(hostnameOf(listener));
    const [hostname] = [...narrower, ...wider];
    const other = hostname === undefined ? undefined : byHostname.get(hostname);
    if (hostname === undefined || other === undefined) return [];
    const message = `host name ${hostNamed(hostnameOf(listener))} overlaps with ${hostNamed(hostname)} of listener ${other.name}`;
    return [[listener, verdict('OverlappingHostnames', message)] as const];
  });
}

function hostNamed(hostname: string): string {
  return hostname === '*' ? '* (any)' : hostname;
}

/** A name that a certificate of a listener is for. */
interface Held {
  readonly name: string;
  readonly listener: ListenerState;
}

/** Two of the listeners that hold something: whoever looks for another one finds it. */
type Holders = ReadonlyMap<string, readonly Held[]>;

interface CertificateHolders {
  readonly byName: Holders;
  /** By the name without its first label: only of names without a wildcard. */
  readonly byParent: Holders;
}

function certificateHolders(listeners: readonly ListenerState[]): CertificateHolders {
  const byName = new Map<string, Held[]>();
  const byParent = new Map<string, Held[]>();
  for (const listener of listeners) {
    for (const name of certifiedNames(listener)) {
      add(byName, name, { name, listener });
      if (!name.startsWith('*.')) add(byParent, parentOf(name), { name, listener });
    }
  }
  return { byName, byParent };
}

function add(holders: Map<string, Held[]>, key: string, held: Held): void {
  const known = holders.get(key);
  if (known === undefined) holders.set(key, [held]);
  else if (known.length < 2 && known[0]?.listener !== held.listener) known.push(held);
}

function certificateOverlap(listener: ListenerState, { byName, byParent }: CertificateHolders): Verdict | undefined {
  for (const name of certifiedNames(listener)) {
    const isWild = name.startsWith('*.');
    const near = isWild ? byParent.get(name.slice(2)) : byName.get(`*.${parentOf(name)}`);
    const other = [...(byName.get(name) ?? []), ...(near ?? [])].find((held) => held.listener !== listener);
    if (other === undefined) continue;
    const message = `its certificate for ${name} overlaps with that for ${other.name} of listener ${other.listener.name}`;
    return verdict('OverlappingCertificates', message);
  }
  return undefined;
}

function certifiedNames({ certificates }: ListenerState): readonly string[] {
  return certificates.flatMap(({ hostnames }) => hostnames);
}

function verdict(reason: 'OverlappingHostnames' | 'OverlappingCertificates', what: string): Verdict {
  const message = `${what}: requests that come on a connection of the other listener are answered with 421`;
  return { type: 'OverlappingTLSConfig', status: 'True', reason, message };
}
