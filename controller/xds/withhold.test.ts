import { describe, expect, it } from 'vitest';
import type { ProxyIr } from '../ir/proxy.ts';
import type { ExternalAuthIr } from '../ir/external-auth.ts';
import type { RouteFeaturesIr, RouteIr } from '../ir/route.ts';
import { plainCluster, plainProxy, plainRoute } from './testing/plain-proxy.ts';
import { routesOf, type Withheld, withhold } from './withhold.ts';
import { httpChains, streamChains } from '../ir/listener.ts';

const route = (name: string, to: string): RouteIr => plainRoute(name, { kind: 'prefix', value: '/' }, to);
const proxy = (routes: readonly RouteIr[], clusters: readonly string[]): ProxyIr =>
  plainProxy({ address: '0.0.0.0', port: 1 }, routes, clusters);

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

describe('policies that come while a route must stay as it was', () => {
  const asking = (name: string): ExternalAuthIr => ({
    cluster: plainCluster(name),
    service: { kind: 'grpc' },
    headers: [],
    maxBody: 0,
    timeout: undefined,
    failOpen: false,
    recomputesRoute: false,
    statusOnError: undefined,
    context: new Map(),
  });
  const denying: RouteFeaturesIr = { authorization: { defaultAction: 'Deny', rules: [] } };
  const allowing: RouteFeaturesIr = { authorization: { defaultAction: 'Allow', rules: [] } };
  const guarded = (of: RouteIr, features: RouteFeaturesIr): RouteIr => ({ ...of, features });
  const before = proxy([route('r1', 'old')], ['old']);

  /** The first route, of those of now and of before. */
  function held(now: RouteIr, good: RouteIr | ProxyIr = before, withheld: Withheld = BAD): RouteIr | undefined {
    const last = 'key' in good ? good : proxy([good], ['old']);
    const found = withhold(proxy([now], ['bad', 'new']), withheld, last);
    return found.listeners.flatMap(httpChains)[0]?.virtualHosts[0]?.[0]?.routes[0];
  }

  const REFUSES = { action: { kind: 'respond', status: 500 } };
  const leadsTo = (name: string) => ({ action: { destinations: [{ cluster: { name } }] } });
  const rejecting = (now: RouteIr): Withheld => ({ clusters: new Set(), routes: new Set([now]), warming: new Set() });

  it('close it when they ask a server that cannot be had', () => {
    const now = guarded(route('r1', 'old'), { extAuth: asking('bad') });
    expect(held(now)).toMatchObject(REFUSES);
    const warming = { clusters: new Set<string>(), routes: new Set<RouteIr>(), warming: new Set(['bad']) };
    expect(held(now, before, warming)).toMatchObject(REFUSES);
  });

  it('leave it open to what an Envoy beside it still warms, and it led to already', () => {
    const warming = { clusters: new Set<string>(), routes: new Set<RouteIr>(), warming: new Set(['old']) };
    expect(held(guarded(route('r1', 'old'), denying), before, warming)).toMatchObject({
      ...leadsTo('old'),
      features: denying,
    });
    const [same] = routesOf(before);
    expect(same === undefined ? undefined : held(same, before, warming)).toBe(same);
  });

  it('are in force on the way to where it led last', () => {
    const now = guarded(route('r1', 'bad'), denying);
    expect(held(now)).toMatchObject({ ...leadsTo('old'), features: denying });
    const changed = held(now, guarded(route('r1', 'old'), allowing));
    expect(changed).toMatchObject({ ...leadsTo('old'), features: denying });
    expect(held(route('r1', 'bad'), guarded(route('r1', 'old'), denying))?.features).toEqual({});
  });

  it('leave it the rest of what it was', () => {
    const now = guarded(route('r1', 'bad'), { ...denying, statName: 'now' });
    expect(held(now, guarded(route('r1', 'old'), { statName: 'before' }))?.features).toEqual({
      ...denying,
      statName: 'before',
    });
  });

  it('close it when its match is another one: it may be another rule, and would be in the place of that', () => {
    const match = { ...route('r1', 'bad').match, method: 'PUT' };
    expect(held({ ...guarded(route('r1', 'bad'), denying), match })).toMatchObject({ ...REFUSES, match });
    expect(held({ ...route('r1', 'bad'), match })).toMatchObject({ ...REFUSES, match });
  });

  it('close it when it is rejected itself, as it may be for them; not where they are the same', () => {
    const now = guarded(route('r1', 'new'), denying);
    expect(held(now, before, rejecting(now))).toMatchObject(REFUSES);
    const same = guarded(route('r1', 'old'), { authorization: { defaultAction: 'Deny', rules: [] } });
    expect(held(now, same, rejecting(now))).toBe(same);
  });

  it('are in force by their name where routes share them, whatever they say by now', () => {
    const sharing = (place: string, features: RouteFeaturesIr): RouteFeaturesIr => ({ shared: { place, features } });
    const good = guarded(route('r1', 'old'), sharing('here', allowing));
    const now = guarded(route('r1', 'new'), sharing('here', denying));
    expect(held(now, good, rejecting(now))).toBe(good);
    const elsewhere = guarded(route('r1', 'new'), sharing('there', allowing));
    expect(held(elsewhere, good, rejecting(elsewhere))).toMatchObject(REFUSES);
  });

  it('close it when they cannot be enforced', () => {
    const now: RouteIr = { ...route('r1', 'new'), action: { kind: 'respond', status: 500 } };
    expect(held(now, before, rejecting(now))).toMatchObject(REFUSES);
  });

  it('are those of its own listener', () => {
    const chain = (name: string, one: RouteIr) =>
      ({ kind: 'http', name, tls: undefined, virtualHosts: [[{ hostname: '*', routes: [one] }]] }) as const;
    const on = (a: RouteIr, b: RouteIr): ProxyIr => {
      const [listener] = proxy([], []).listeners;
      if (listener === undefined) throw new Error('no listener');
      return { ...proxy([], ['old', 'bad']), listeners: [{ ...listener, chains: [[chain('a', a), chain('b', b)]] }] };
    };
    const [one, other] = [guarded(route('r1', 'old'), denying), route('r1', 'old')];
    const now = on(guarded(route('r1', 'bad'), denying), route('r1', 'bad'));
    expect([...routesOf(withhold(now, BAD, on(one, other)))]).toEqual([one, other]);
  });

  it('make the same route of the same two, and of that again', () => {
    const now = guarded(route('r1', 'bad'), denying);
    const first = held(now);
    expect(first).not.toBe(now);
    expect(held(now)).toBe(first);
    expect(held(now, first)).toBe(first);
    const closed = guarded(route('r1', 'old'), { extAuth: asking('bad') });
    expect(held(closed)).toBe(held(closed));
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

  it('answers 500 for what it matches, and no more, where only what it leads to is rejected', () => {
    const path = { kind: 'regex', value: '/(one|other)' } as const;
    const led = { ...route('r2', 'bad'), match: { ...added.match, path } };
    const found = withhold(proxy([changed, led], ['bad']), BAD, before);
    expect(found.listeners.flatMap(httpChains)[0]?.virtualHosts[0]?.[0]?.routes[1]).toMatchObject({
      match: { path },
      action: { kind: 'respond', status: 500 },
    });
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
    const destinations = names.map((name) => ({ kind: 'cluster', weight: 1, cluster: plainCluster(name) }) as const);
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
