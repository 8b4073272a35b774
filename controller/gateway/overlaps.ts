import { wildcardsAbove } from '../resources/wildcards-above.ts';
import { covers } from './hostnames.ts';

/** Host names of other listeners of a port that share hosts with one. */
export interface Overlap {
  /** Those that one covers: their hosts are theirs. */
  readonly narrower: readonly string[];
  /** Those that cover one: the rest of their hosts is theirs. */
  readonly wider: readonly string[];
}

/**
 * Finds which of the host names of a port share hosts. What it costs grows with how many do, and not with the square of how
 * many there are.
 */
export function overlapsAmong(hostnames: readonly string[]): (hostname: string) => Overlap {
  const known = new Set(hostnames);
  const below = new Map<string, string[]>();
  for (const hostname of known) {
    for (const wide of widerThan(hostname)) {
      if (!known.has(wide)) continue;
      const names = below.get(wide) ?? [];
      names.push(hostname);
      below.set(wide, names);
    }
  }
  return (hostname) => ({
    narrower: below.get(hostname) ?? [],
    wider: widerThan(hostname).filter((wide) => known.has(wide)),
  });
}

/** Every host name that covers one, the narrowest first. */
export function widerThan(hostname: string): readonly string[] {
  if (hostname === '*') return [];
  return [...wildcardsAbove(hostname), '*'].filter((wide) => wide !== hostname && covers(wide, hostname));
}

/** More host names than this are not told apart: the names of the certificate stand for them. */
const MOST_SHARED = 64;

/**
 * Finds which of the host names of a port the names of certificates are good for: a client that was shown the certificate may
 * ask for them on the same connection (RFC 9113 section 9.1.1). Where they are many the certificate's names stand for them, so
 * that the whole does not grow with the square of how many listeners share a certificate.
 */
export function hostnamesWithin(hostnames: readonly string[]): (certified: readonly string[]) => readonly string[] {
  const known = new Set(hostnames);
  const byParent = new Map<string, string[]>();
  for (const hostname of known) {
    if (hostname.startsWith('*')) continue;
    const parent = parentOf(hostname);
    const names = byParent.get(parent) ?? [];
    names.push(hostname);
    byParent.set(parent, names);
  }
  return (certified) => {
    const found = certified.flatMap((name) => {
      const same = [name, ...widerThan(name)].filter((one) => one !== '*' && known.has(one));
      const below = name.startsWith('*.') ? (byParent.get(name.slice(2)) ?? []) : [];
      return below.length > MOST_SHARED ? [name, ...same] : [...same, ...below];
    });
    return [...new Set(found)];
  };
}

/** The name without its first label. */
export function parentOf(hostname: string): string {
  return hostname.slice(hostname.indexOf('.') + 1);
}
