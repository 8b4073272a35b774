import { describe, expect, it } from 'vitest';
import type { ExtProcIr } from '../ir/ext-proc.ts';
import { NO_HEADER_CHANGES, type RouteFeaturesIr, type RouteIr } from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { dependence, policyPlaces, surroundings } from './policy-places.ts';

const PROCESSOR: ExtProcIr = {
  name: 'a/b/0',
  cluster: { name: 'processors', protocol: 'http2', source: { kind: 'addresses', addresses: [] } },
  failOpen: false,
  messageTimeout: undefined,
  request: undefined,
  response: undefined,
  allowModeOverride: false,
  shadow: false,
  statusOnError: undefined,
  accessibleNamespaces: [],
  writableNamespaces: [],
};
const USERS: RouteFeaturesIr = { extProc: [PROCESSOR] };
const DENY: RouteFeaturesIr = { authorization: { defaultAction: 'Deny', rules: [] } };
const WRITE: RouteFeaturesIr = {
  jwt: {
    optional: false,
    failOpen: false,
    providers: [
      {
        name: 'main',
        issuer: undefined,
        audiences: [],
        keys: [],
        claimToHeaders: [{ claim: ['sub'], header: 'x-user' }],
        recomputesRoute: true,
        sources: [],
      },
    ],
  },
};

function route(features: RouteFeaturesIr, header?: string): RouteIr {
  const headers = header === undefined ? [] : [{ kind: 'exact', name: header, value: 'v' } as const];
  return {
    name: 'route',
    match: { path: { kind: 'prefix', value: '/' }, method: undefined, headers, query: [] },
    action: { kind: 'respond', status: 200 },
    requestHeaders: NO_HEADER_CHANGES,
    responseHeaders: NO_HEADER_CHANGES,
    features,
  };
}

const host = (...routes: readonly RouteIr[]): VirtualHostIr => ({ hostname: '*', routes });

/** The places that the first route of a host turns on, among other hosts. */
function places(
  first: RouteFeaturesIr,
  others: readonly RouteIr[] = [],
  hosts: readonly VirtualHostIr[] = [],
  isPatched = false,
) {
  const own = route(first);
  const ownHost = host(own, ...others);
  const found = policyPlaces(own, ownHost, surroundings([[ownHost], hosts], isPatched));
  return Object.entries(found).flatMap(([place, isOn]) => (isOn ? [place] : []));
}

describe('a route', () => {
  it('with nothing turns on nothing, whatever others have', () => {
    expect(places({}, [route(DENY), route(WRITE), route(USERS, 'x-user')])).toEqual([]);
  });

  it('with a policy turns on the first place', () => {
    expect(places(DENY)).toEqual(['first']);
  });

  it('whose policy writes a header turns on the recheck only where a route of its host is matched by that header', () => {
    expect(places(WRITE, [route({}, 'x-other')])).toEqual(['first']);
    expect(places(WRITE, [route({}, 'x-user')])).toEqual(['first', 'recheck']);
    expect(places(WRITE, [], [host(route({}, 'x-user'))])).toEqual(['first']);
  });

  it('whose policy writes a header turns on the recheck where patches may match by it', () => {
    expect(places(WRITE, [], [], true)).toEqual(['first', 'recheck']);
    expect(places(DENY, [], [], true)).toEqual(['first']);
  });

  it('whose policy writes only what claims fill stays, unless they are to lead away or others may change it', () => {
    const [provider] = WRITE.jwt?.providers ?? [];
    if (provider === undefined) throw new Error('there is a provider');
    const { recomputesRoute: _, ...fills } = provider;
    const stay: RouteFeaturesIr = { jwt: { optional: false, failOpen: false, providers: [fills] } };
    expect(places(stay)).toEqual(['first']);
    expect(places(stay, [route({}, 'x-user')])).toEqual(['first', 'stays']);
    expect(places(stay, [], [], true)).toEqual(['first', 'stays']);
    expect(places(stay, [route({}, 'x_user')])).toEqual(['first', 'recheck']);
    expect(places({ ...USERS, ...stay }, [route({}, 'x-user')])).toEqual(['first', 'after', 'recheck']);
  });

  it("with users' filters turns on the place behind them where any route has a policy, on whatever host", () => {
    expect(places(USERS)).toEqual([]);
    expect(places(USERS, [route(DENY)])).toEqual(['after']);
    expect(places(USERS, [], [host(route(DENY))])).toEqual(['after']);
    expect(places({ ...USERS, ...DENY })).toEqual(['first', 'after']);
  });

  it("with users' filters turns on the recheck where the place behind them may write", () => {
    expect(places(USERS, [], [host(route(WRITE))])).toEqual(['after', 'recheck']);
    expect(places({ ...USERS, ...WRITE })).toEqual(['first', 'after', 'recheck']);
  });
});

describe('a route of a listener whose filters are patched', () => {
  it('turns on the place behind them where any route has a policy, whatever it has itself', () => {
    const own = route({});
    const among = (...routes: readonly RouteIr[]) =>
      policyPlaces(own, host(own, ...routes), surroundings([[host(own, ...routes)]], false, true));
    expect(among().after).toBe(false);
    expect(among(route(DENY))).toMatchObject({ first: false, after: true, recheck: false });
    expect(among(route(WRITE))).toMatchObject({ first: false, after: true, recheck: true });
  });
});

describe('a host', () => {
  it("depends on others only where it has users' filters, and on patches only where it has policies that write", () => {
    const open = surroundings([], false);
    const guarded = surroundings([[host(route(DENY))]], true);
    for (const each of [host(route({})), host(route(DENY))])
      expect(dependence([each], open)).toBe(dependence([each], guarded));
    for (const each of [host(route(USERS)), host(route(WRITE))]) {
      expect(dependence([each], open)).not.toBe(dependence([each], guarded));
    }
  });

  it('checks again where the filter of gRPC-Web has rewritten what another route asks for', () => {
    const call = { ...WRITE, grpcWeb: true } as const;
    expect(places(call, [route(DENY, 'content-type')])).toContain('recheck');
    expect(places(WRITE, [route(DENY, 'content-type')])).not.toContain('recheck');
    expect(places(call, [route(DENY, 'x-other')])).not.toContain('recheck');
  });
});
