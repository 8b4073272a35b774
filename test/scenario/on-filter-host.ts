import { pino } from 'pino';
import { countersOf } from '#controller/features/rate-limit/xds.ts';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import type { PathMatchIr, RouteIr, RouteMatchIr } from '#controller/ir/route.ts';
import { decodeUnreserved } from '#controller/resources/path.ts';
import { policyBytes, policyConfiguration } from '#controller/xds/policy-filter.ts';
import { Leases } from '#extproc/rate-limit/leases.ts';
import { answerVerifySignature } from '#extproc/sidecar/service.ts';
import {
  type Call,
  type FilterHost,
  type FilterResult,
  type Headers,
  loadFilter,
  type PropertySource,
} from '#wasm-filters/testing/filter-host.ts';
import { onRoute } from '#wasm-filters/testing/policy-bytes.ts';
import { grpcAnswer, messageOf } from '#wasm-filters/testing/sidecar-answer.ts';
import type { Answer } from './ask.ts';
import type { ScenarioRequest } from './scenario.ts';
import { httpChains } from '#controller/ir/listener.ts';

/**
 * Answers requests by the policy module alone, in both its places: routes are chosen by path and headers as Envoy would,
 * and again where the policy writes headers; everything behind the filters is a back-end that answers 200.
 */
export async function filterHostRunner(
  proxy: ProxyIr,
  wasm: Uint8Array,
): Promise<(request: ScenarioRequest) => Promise<Answer>> {
  const [first, recheck] = await Promise.all(
    ['sluice.policy', 'sluice.policy.recheck'].map(async (pluginName) => {
      const host = await loadFilter(wasm, { pluginName });
      if (!host.configure(policyConfiguration(proxy.shared ?? [])))
        throw new Error('the module refuses its configuration');
      return host;
    }),
  );
  if (first === undefined || recheck === undefined) throw new Error('no host');
  const routes = proxy.listeners
    .flatMap(httpChains)
    .flatMap(({ virtualHosts }) => virtualHosts.flat().flatMap((virtualHost) => virtualHost.routes));
  return async ({ method, path, headers: sent, from }) => {
    const url = new URL(path, 'http://gateway');
    const normalised = decodeUnreserved(url.pathname).replaceAll(/\/{2,}/gu, '/');
    const named = sent.map(([name, value]) => [name === 'host' ? ':authority' : name, value] as const);
    const headers: Headers = [[':method', method], [':path', normalised + url.search], ...named];
    const route = routes.find(({ match }) => matches(match, headers));
    if (route === undefined) return { status: 404, upstream: {} };
    const isRechecked = policyBytes(route.features)?.writes.length !== 0;
    const result = await decide(first, route, { headers, from, isRechecked });
    if (result.kind !== 'continue' || !isRechecked) return answerOf(result);
    const next = routes.find(({ match }) => matches(match, result.headers)) ?? route;
    const filterState = first.filterState();
    return answerOf(await decide(recheck, next, { headers: result.headers, from, isRechecked: true, filterState }));
  };
}

interface Judged {
  readonly headers: Headers;
  readonly from: string;
  readonly isRechecked: boolean;
  /** What the place before has left there. */
  readonly filterState?: ReadonlyMap<string, string>;
}

async function decide(
  host: FilterHost,
  { features, name }: RouteIr,
  { headers, from, isRechecked, filterState = new Map() }: Judged,
): Promise<FilterResult> {
  const policy = policyBytes(features);
  if (policy === undefined) return { kind: 'continue', headers: headers.map(([key, value]) => [key, value]) };
  const route = onRoute(policy, name, policy.hasLimits ? `${isRechecked ? 1 : 0}${countersOf(name)}` : '');
  const properties: PropertySource = (path, received) =>
    path.join('.') === 'source.address' ? `${from}:40000` : route(path, received);
  const result = host.request({ headers, properties, filterState });
  return result.kind === 'paused' ? afterCalls(host, result.id) : result;
}

/** Answers what the filter asks of the sidecar, as the sidecar does, until the request is decided. */
async function afterCalls(host: FilterHost, id: number): Promise<FilterResult> {
  const calls = host.calls();
  for (const call of calls) host.answer(call.token, grpcAnswer(await answer(call)));
  const result = host.resultOf(id);
  return result.kind === 'paused' && calls.length > 0 ? afterCalls(host, id) : result;
}

async function answer(call: Call): Promise<Uint8Array> {
  const isLease = call.headers.some(([name, value]) => name === ':path' && value.endsWith('/Lease'));
  return isLease ? LEASES.answer(messageOf(call)) : answerVerifySignature(messageOf(call));
}

/** All that is counted globally, in memory. */
const LEASES = new Leases(pino({ level: 'silent' }));
LEASES.countIn({ kind: 'memory' });

function answerOf(result: FilterResult): Answer {
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

function matches({ path, headers: wanted }: RouteMatchIr, headers: Headers): boolean {
  const valueOf = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  return (
    matchesPath(path, valueOf(':path') ?? '') &&
    wanted.every(({ kind, name, value }) => kind === 'exact' && valueOf(name) === value)
  );
}

function matchesPath(match: PathMatchIr, pathAndQuery: string): boolean {
  const path = pathAndQuery.replace(/\?.*$/u, '');
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
