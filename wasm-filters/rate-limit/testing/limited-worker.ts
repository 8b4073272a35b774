import { compileFilter } from '#wasm-filters/build.ts';
import {
  type FilterHost,
  type FilterResult,
  type Headers,
  loadFilter,
  type SharedData,
} from '#wasm-filters/testing/filter-host.ts';
import { encodePolicy, onRoute, type PolicyInit } from '#wasm-filters/testing/policy-bytes.ts';

type Plain<T> = Extract<T, { readonly $typeName?: never }>;

/** Rate limits as tests write them. */
export type Limits = Plain<NonNullable<PolicyInit['rateLimit']>>;
/** A limit as tests write it. */
export type LimitInit = Plain<NonNullable<Limits['local']>[number]>;

/** A request as tests write it. */
export interface Asked {
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly method?: string;
  readonly path?: string;
  /** The client's address and port; without it Envoy does not know it. */
  readonly from?: string;
  /** What stands behind the policy's id in the metadata of the route. */
  readonly mark?: string;
  /** Dynamic metadata of the request: "<namespace>.<key>" to a number. */
  readonly metadata?: Readonly<Record<string, number>>;
}

/** The `policy` module on one worker, asked about requests on a route with limits. */
export interface LimitedWorker {
  readonly host: FilterHost;
  ask(limits: Limits, asked?: Asked): FilterResult;
}

/** The mark of a route whose counters are counted under a name. */
export function scopeMark(name: string, leaving = 0): string {
  return `${leaving}${name.padEnd(32, '.').slice(0, 32)}`;
}

/** Starts a worker; workers of one Envoy have the same `shared`. `now` gives milliseconds. */
export async function limitedWorker(now: () => number, shared: SharedData): Promise<LimitedWorker> {
  const host = await loadFilter(await compileFilter('policy'), { now, shared, pluginName: 'sluice.policy' });
  if (!host.configure(new Uint8Array())) throw new Error('the module refuses its configuration');
  return { host, ask: (limits, asked) => host.request(requestOf(limits, asked)) };
}

function requestOf(limits: Limits, { headers = [], method = 'GET', path = '/', from, mark, metadata }: Asked = {}) {
  const route = onRoute(encodePolicy({ rateLimit: limits }), 'some-route', mark ?? scopeMark('route'));
  const all: Headers = [[':method', method], [':path', path], ...headers];
  return {
    headers: all,
    response: [[':status', '200']] as const,
    properties: (segments: readonly string[], received: Headers) => {
      const key = segments.join('.');
      if (key === 'source.address') return from;
      const number = key.startsWith('metadata.filter_metadata.') ? metadata?.[key.slice(25)] : undefined;
      if (number !== undefined) return new Uint8Array(Float64Array.of(number).buffer);
      return route(segments, received);
    },
  };
}

/** What the answer to a request tells of limits: limit, remaining, reset. */
export function toldBy(result: FilterResult): readonly (string | undefined)[] {
  if (result.kind !== 'continue' && result.kind !== 'response') throw new Error('no answer');
  const headers = new Map(result.kind === 'response' ? result.headers : result.responseHeaders);
  return ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`));
}

/** What a limit says to a request: nothing, 429 or another answer. */
export function outcome(result: FilterResult): number | 'passed' | 'waits' {
  switch (result.kind) {
    case 'continue':
      return 'passed';
    case 'response':
      return result.status;
    case 'paused':
      return 'waits';
    case 'trap':
      throw result.error;
    default:
      return result satisfies never;
  }
}
