import type { LiveProxy } from './live-status.ts';

/** What a proxy rejects, and what is held back for it. */
export type ProxyRejections = Pick<LiveProxy, 'key' | 'rejected' | 'rejectedRoutes'>;

/** Whether a proxy rejects anything. */
export function rejects({ rejected, rejectedRoutes }: Omit<ProxyRejections, 'key'>): boolean {
  return rejected.length > 0 || rejectedRoutes.length > 0;
}

/**
 * Proxies with what those of them reject that others serve: some Envoys of a proxy may be connected here and some elsewhere, and
 * what is rejected here is told in the words of here. Pure.
 */
export function withRejections(
  proxies: readonly LiveProxy[],
  elsewhere: readonly ProxyRejections[],
): readonly LiveProxy[] {
  if (elsewhere.length === 0) return proxies;
  return proxies.map((proxy) => {
    const theirs = elsewhere.filter(({ key }) => key === proxy.key);
    if (theirs.length === 0) return proxy;
    return {
      ...proxy,
      rejected: firstOf(
        [proxy, ...theirs].flatMap(({ rejected }) => rejected),
        ({ type, name }) => `${type}/${name}`,
      ),
      rejectedRoutes: firstOf(
        [proxy, ...theirs].flatMap(({ rejectedRoutes }) => rejectedRoutes),
        ({ name }) => name,
      ),
    };
  });
}

/** Of those that have the same name only the first. */
function firstOf<T>(all: readonly T[], nameOf: (one: T) => string): readonly T[] {
  const named = new Map<string, T>();
  for (const one of all) if (!named.has(nameOf(one))) named.set(nameOf(one), one);
  return [...named.values()];
}
