/** Host names as Gateway API has them: "www.example.com", "*.example.com", or "*" for any. */

/**
 * The host names a route serves on a listener: what both allow, the more specific of the two each time. Without host
 * names of its own a route takes the listener's (Gateway API, `HTTPRouteSpec.hostnames`).
 */
export function intersectHostnames(listener: string | undefined, route: readonly string[] | undefined): string[] {
  const outer = normal(listener);
  if (route === undefined || route.length === 0) return [outer];
  const both = route.map((name) => intersect(outer, normal(name))).filter((name) => name !== undefined);
  return [...new Set(both)];
}

function normal(hostname: string | undefined): string {
  return hostname === undefined || hostname === '' ? '*' : hostname.toLowerCase();
}

function intersect(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

/** Whether every host that `inner` stands for is one of those `outer` stands for. A wildcard is at least one label. */
export function covers(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true;
  if (!outer.startsWith('*.')) return false;
  return inner.endsWith(outer.slice(1)) && inner !== outer.slice(2);
}
