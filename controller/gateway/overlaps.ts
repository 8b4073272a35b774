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
function widerThan(hostname: string): readonly string[] {
  if (hostname === '*') return [];
  const labels = hostname.split('.');
  const suffixes = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
  return [...suffixes, '*'].filter((wide) => wide !== hostname && covers(wide, hostname));
}
