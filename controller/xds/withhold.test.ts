import { describe, expect, it } from 'vitest';
import type { ClusterIr } from '../ir/cluster.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import { NO_HEADER_CHANGES, type RouteIr } from '../ir/route.ts';
import { withhold } from './withhold.ts';
import { httpChains, streamChains } from '../ir/listener.ts';

function cluster(name: string): ClusterIr {
  return { name, protocol: 'http1', source: { kind: 'addresses', addresses: [] } };
}

function route(name: string, to: string): RouteIr {
  const changes = { requestHeaders: NO_HEADER_CHANGES, responseHeaders: NO_HEADER_CHANGES };
  return {
    name,
    match: { path: { kind: 'prefix', value: '/' }, method: undefined, headers: [], query: [] },
    action: {
      kind: 'forward',
      destinations: [{ kind: 'cluster', weight: 1, cluster: cluster(to), ...changes }],
      rewrite: { host: undefined, path: undefined },
    },
    ...changes,
    features: {},
  };
}

function proxy(routes: readonly RouteIr[], clusters: readonly string[]): ProxyIr {
  const chain = { kind: 'http' as const, name: 'l', tls: undefined, virtualHosts: [[{ hostname: '*', routes }]] };
  return {
    key: 'a/b',
    listeners: [{ name: 'l', address: '0.0.0.0', port: 1, protocol: 'TCP', chains: [[chain]] }],
    clusters: [clusters.map(cluster)],
    endpoints: [clusters.map((name) => ({ cluster: name, addresses: [] }))],
    secrets: [],
    policyModule: { digest: '' },
  };
}

function summary(ir: ProxyIr) {
  const routes = ir.listeners.flatMap(httpChains)[0]?.virtualHosts[0]?.[0]?.routes ?? [];
  return {
    routes: routes.map(({ name, action }) => {
      const to = action.kind === 'forward' ? action.destinations[0] : undefined;
      return `${name} ${to?.kind === 'cluster' ? to.cluster.name : action.kind}`;
    }),
    clusters: ir.clusters.flat().map(({ name }) => name),
    endpoints: ir.endpoints.flat().map((assignment) => assignment.cluster),
  };
}

const BAD = { clusters: new Set(['bad']), routes: new Set<RouteIr>(), warming: new Set<string>() };

describe('a cluster that the proxy rejected', () => {
  const before = proxy([route('r1', 'old'), route('r2', 'old')], ['old']);
  const now = proxy([route('r1', 'bad'), route('r2', 'new'), route('r3', 'bad')], ['bad', 'new']);

  it('changes nothing while there is none', () => {
    expect(withhold(now, { clusters: new Set(), routes: new Set(), warming: new Set() }, before)).toBe(now);
  });

  it('leaves routes to it as they were, with their clusters, and lets every other change go ahead', () => {
    expect(summary(withhold(now, BAD, before))).toEqual({
      routes: ['r1 old', 'r2 new', 'r3 respond'],
      clusters: ['new', 'old'],
      endpoints: ['new', 'old'],
    });
  });

  it('makes routes answer 500 where nothing was before', () => {
    expect(summary(withhold(now, BAD, undefined)).routes).toEqual(['r1 respond', 'r2 new', 'r3 respond']);
  });
});

describe('a route that the proxy rejected', () => {
  const before = proxy([route('r1', 'a')], ['a']);
  const changed = route('r1', 'b');
  const added = route('r2', 'b');
  const now = proxy([changed, added], ['b']);
  const without = (...routes: readonly RouteIr[]) => ({
    clusters: new Set<string>(),
    routes: new Set(routes),
    warming: new Set<string>(),
  });

  it('stays as it was, and the others go ahead', () => {
    expect(summary(withhold(now, without(changed), before)).routes).toEqual(['r1 a', 'r2 b']);
  });

  it('answers 500 where there was none, without the regular expression that it may be rejected for', () => {
    const path = { kind: 'regex', value: '/user/(' } as const;
    const bad = { ...added, match: { ...added.match, path } };
    const found = withhold(proxy([changed, bad], ['b']), without(bad), before);
    expect(found.listeners.flatMap(httpChains)[0]?.virtualHosts[0]?.[0]?.routes[1]).toMatchObject({
      match: { path: { kind: 'prefix', value: '/user/' } },
      action: { kind: 'respond', status: 500 },
    });
  });
});

describe('connections that are led to a cluster that the proxy rejected', () => {
  function streams(...names: readonly string[]): ProxyIr {
    const destinations = names.map((name) => ({ kind: 'cluster', weight: 1, cluster: cluster(name) }) as const);
    const chain = { kind: 'stream', name: 'l', tls: { kind: 'none' }, destinations } as const;
    const listener = { name: 'l', address: '0.0.0.0', port: 1, protocol: 'TCP', chains: [[chain]] } as const;
    return { ...proxy([], names), listeners: [listener] };
  }

  function led(ir: ProxyIr): readonly string[] {
    const [chain] = ir.listeners.flatMap(streamChains);
    return (chain?.destinations ?? []).map((to) => (to.kind === 'cluster' ? to.cluster.name : to.kind));
  }

  it('go where they went before, as long as that can be had', () => {
    const found = withhold(streams('bad', 'new'), BAD, streams('old'));
    expect(led(found)).toEqual(['old']);
    expect(summary(found).clusters).toEqual(['new', 'old']);
  });

  it('are closed by their share where there was no before', () => {
    const found = withhold(streams('bad', 'new'), BAD, undefined);
    expect(led(found)).toEqual(['invalid', 'new']);
    expect(summary(found).clusters).toEqual(['new', 'sluice.refuse']);
    expect(summary(found).endpoints).toEqual(['new', 'sluice.refuse']);
  });

  it('go on where that is another one', () => {
    expect(led(withhold(streams('new'), BAD, streams('old')))).toEqual(['new']);
  });
});
