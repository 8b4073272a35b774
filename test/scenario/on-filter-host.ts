import type { ProxyIr } from '#controller/ir/proxy.ts';
import type { PathMatchIr, RouteIr } from '#controller/ir/route.ts';
import { policyBytes } from '#controller/xds/policy-filter.ts';
import { loadFilter } from '#wasm-filters/testing/filter-host.ts';
import { onRoute } from '#wasm-filters/testing/policy-bytes.ts';
import type { Answer } from './ask.ts';
import type { ScenarioRequest } from './scenario.ts';

/**
 * Answers requests by the policy module alone: the route is found by its path as Envoy would, everything behind the
 * filter is a back-end that answers 200.
 */
export async function filterHostRunner(
  proxy: ProxyIr,
  wasm: Uint8Array,
): Promise<(request: ScenarioRequest) => Answer> {
  const host = await loadFilter(wasm);
  if (!host.configure(new Uint8Array())) throw new Error('the module refuses its configuration');
  const routes = proxy.listeners
    .flatMap(({ chains }) => chains)
    .flatMap(({ virtualHosts }) => virtualHosts.flatMap((virtualHost) => virtualHost.routes));
  return ({ path, headers }) => {
    const normal = new URL(path, 'http://gateway').pathname;
    const route = routes.find(({ match }) => matches(match.path, normal));
    if (route === undefined) return { status: 404, upstream: {} };
    return answer(host, route, [[':method', 'GET'], [':path', normal], ...Object.entries(headers)]);
  };
}

function answer(
  host: Awaited<ReturnType<typeof loadFilter>>,
  { features, name }: RouteIr,
  headers: readonly (readonly [string, string])[],
): Answer {
  const policy = policyBytes(features);
  if (policy === undefined) return { status: 200, upstream: Object.fromEntries(headers) };
  const result = host.request({ headers, properties: onRoute(policy, name) });
  switch (result.kind) {
    case 'continue':
      return { status: 200, upstream: Object.fromEntries(result.headers) };
    case 'response':
      return { status: result.status, upstream: {} };
    case 'paused':
    case 'trap':
      throw new Error(result.kind);
    default:
      return result satisfies never;
  }
}

function matches(match: PathMatchIr, path: string): boolean {
  switch (match.kind) {
    case 'exact':
      return path === match.value;
    case 'prefix':
      return path === match.value || path.startsWith(`${match.value.replace(/\/$/u, '')}/`);
    case 'regex':
      return new RegExp(`^(?:${match.value})$`, 'u').test(path);
    default:
      return match satisfies never;
  }
}
