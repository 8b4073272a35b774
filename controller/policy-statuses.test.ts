import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import { loadOnce } from './provider/files/load-once.ts';
import { httpChains } from './ir/listener.ts';

const BASE = `
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: sluice},
 spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: other}, spec: {controllerName: example.com/other}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: shop}, spec: {gatewayClassName: sluice,
 listeners: [{name: one, protocol: HTTP, port: 8001, allowedRoutes: {namespaces: {from: All}}},
             {name: two, protocol: HTTP, port: 8002, allowedRoutes: {namespaces: {from: All}}}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: theirs}, spec: {gatewayClassName: other,
 listeners: [{name: one, protocol: HTTP, port: 8001}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: cart, labels: {team: a}},
 spec: {parentRefs: [{name: shop}], rules: [{name: pay}, {name: look}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: orders},
 spec: {parentRefs: [{name: shop, sectionName: two}, {name: theirs}], rules: [{name: all}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: far, namespace: far, labels: {team: a}},
 spec: {parentRefs: [{name: shop, namespace: default}], rules: [{}]}}
`;

type Kind = 'SecurityPolicy' | 'BackendTrafficPolicy' | 'ClientTrafficPolicy';

/** A policy on "Gateway shop", "Gateway shop/one", ...: one that can be enforced unless `spec` says otherwise. */
function policy(kind: Kind, name: string, target: string, spec: object = GOOD[kind], created?: string): string {
  const [targetKind, at = ''] = target.split(' ');
  const [object, sectionName] = at.split('/');
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: targetKind, name: object, sectionName }];
  return document(kind, name, { targetRefs, ...spec }, created);
}

function document(kind: Kind, name: string, spec: object, creationTimestamp?: string): string {
  const metadata = { name, creationTimestamp };
  return `---\n${JSON.stringify({ apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind, metadata, spec })}\n`;
}

const GOOD = {
  SecurityPolicy: { authorization: { defaultAction: 'Deny' } },
  BackendTrafficPolicy: {},
  ClientTrafficPolicy: {},
} as const;

/** What is said of policies: "a at shop/one: Accepted", "b at shop: !Conflicted Unable to target ...". */
function said(...policies: readonly string[]): readonly string[] {
  const { statuses } = compile(loadOnce(['-'], { stdin: Buffer.from(BASE + policies.join('')) }));
  return statuses()
    .flat()
    .flatMap((status) => {
      if (status.kind !== 'policy') return [];
      return status.ancestors.flatMap(({ ref, verdicts }) =>
        verdicts.map(({ type, status: value, reason, message }) => {
          const at = ref.sectionName === undefined ? ref.name : `${ref.name}/${ref.sectionName}`;
          const told = `${status.object.metadata.name} at ${at}: `;
          return value === 'True' ? `${told}${type}: ${message}` : `${told}!${reason}: ${message}`;
        }),
      );
    });
}

const ACCEPTED = 'Accepted: Policy has been accepted.';

describe('the status of a policy', () => {
  it('is told to the Gateways of its route as the route names them, and to none of another controller', () => {
    expect(said(policy('SecurityPolicy', 'p', 'HTTPRoute cart'))).toEqual([`p at shop: ${ACCEPTED}`]);
    expect(said(policy('SecurityPolicy', 'p', 'HTTPRoute orders'))).toEqual([`p at shop/two: ${ACCEPTED}`]);
    expect(said(policy('SecurityPolicy', 'p', 'Gateway theirs'))).toEqual([]);
  });

  it('names a target or section that does not exist', () => {
    expect(said(policy('SecurityPolicy', 'p', 'HTTPRoute none'))).toEqual([
      'p at none: !TargetNotFound: HTTPRoute default/none does not exist',
    ]);
    expect(said(policy('SecurityPolicy', 'p', 'Gateway shop/three'))).toEqual([
      'p at shop/three: !TargetNotFound: No section name three found for Gateway default/shop',
    ]);
    expect(said(policy('BackendTrafficPolicy', 'p', 'HTTPRoute cart/none'))).toEqual([
      'p at shop: !TargetNotFound: No section name none found for HTTPRoute default/cart',
    ]);
  });

  it.each([
    ['Gateway shop', 'Gateway shop'],
    ['Gateway shop/one', 'Listener shop/one'],
    ['HTTPRoute cart', 'HTTPRoute cart'],
    ['HTTPRoute cart/pay', 'RouteRule cart/pay'],
  ])('of two on %s is Conflicted for the younger', (target, subject) => {
    const old = policy('SecurityPolicy', 'z', target, GOOD.SecurityPolicy, '2026-01-01T00:00:00Z');
    const young = policy('SecurityPolicy', 'a', target, GOOD.SecurityPolicy, '2026-01-02T00:00:00Z');
    const conflict = `!Conflicted: Unable to target ${subject}, another SecurityPolicy has already attached to it`;
    expect(said(young, old).filter((line) => !line.includes('Overridden'))).toEqual([
      expect.stringMatching(`^a at shop\\S*: ${conflict}$`),
      expect.stringMatching(`^z at shop\\S*: ${ACCEPTED}$`),
    ]);
  });

  it('does not conflict across kinds', () => {
    const lines = said(
      policy('SecurityPolicy', 'a', 'Gateway shop'),
      policy('BackendTrafficPolicy', 'b', 'Gateway shop'),
    );
    expect(lines).toEqual([`a at shop: ${ACCEPTED}`, `b at shop: ${ACCEPTED}`]);
  });

  it('says which more specific policies take its place', () => {
    const by = (names: string) => `Overridden: This policy is being overridden by other securityPolicies for ${names}`;
    const lines = said(
      policy('SecurityPolicy', 'gateway', 'Gateway shop'),
      policy('SecurityPolicy', 'listener', 'Gateway shop/two'),
      policy('SecurityPolicy', 'route', 'HTTPRoute cart'),
      policy('SecurityPolicy', 'rule', 'HTTPRoute cart/pay'),
      policy('SecurityPolicy', 'section', 'HTTPRoute orders'),
    ).filter((line) => line.includes('Overridden'));
    expect(lines).toEqual([
      `gateway at shop: ${by('these gateway listeners: [default/shop/two] and these routes: [default/cart default/orders]')}`,
      `listener at shop/two: ${by('these routes: [default/cart default/orders]')}`,
      `route at shop: ${by('these route rules: [pay]')}`,
    ]);
  });

  it('of a BackendTrafficPolicy of a route that rules override has the words of Envoy Gateway', () => {
    const lines = said(
      policy('BackendTrafficPolicy', 'route', 'HTTPRoute cart'),
      policy('BackendTrafficPolicy', 'rule', 'HTTPRoute cart/pay'),
    );
    expect(lines).toContain(
      'route at shop: Overridden: This policy is being overridden by other backendTrafficPolicy for these route rules: [pay]',
    );
  });

  it('of a ClientTrafficPolicy names the sections that others override', () => {
    const lines = said(
      policy('ClientTrafficPolicy', 'all', 'Gateway shop'),
      policy('ClientTrafficPolicy', 'one', 'Gateway shop/one'),
      policy('ClientTrafficPolicy', 'one-more', 'Gateway shop/one'),
    );
    expect(lines).toContain(
      'all at shop: Overridden: There are existing ClientTrafficPolicies that are overriding these sections [one]',
    );
    expect(lines).toContain(
      'one-more at shop/one: !Conflicted: Unable to target section of shop, another ClientTrafficPolicy has already attached to it',
    );
  });

  it('says with what it was merged, to each listener, and to the other one as well', () => {
    const lines = said(
      policy('SecurityPolicy', 'gateway', 'Gateway shop'),
      policy('SecurityPolicy', 'listener', 'Gateway shop/two'),
      policy('SecurityPolicy', 'route', 'HTTPRoute cart', { ...GOOD.SecurityPolicy, mergeType: 'StrategicMerge' }),
    );
    const into = 'Merged: This policy is being merged by other securityPolicies for these routes: [default/cart]';
    expect(lines).toEqual([
      `gateway at shop: ${ACCEPTED}`,
      `gateway at shop: ${into}`,
      'gateway at shop: Overridden: This policy is being overridden by other securityPolicies for these gateway listeners: [default/shop/two]',
      `listener at shop/two: ${ACCEPTED}`,
      `listener at shop/two: ${into}`,
      'route at shop/one: Merged: Merged with policy default/gateway',
      'route at shop/two: Merged: Merged with policy default/listener',
      `route at shop: ${ACCEPTED}`,
    ]);
  });

  it('is told to the listener where the merged policy cannot be enforced', () => {
    const lines = said(
      policy('SecurityPolicy', 'gateway', 'Gateway shop', { basicAuth: { users: { name: 'users' } } }),
      policy('SecurityPolicy', 'route', 'HTTPRoute cart', { ...GOOD.SecurityPolicy, mergeType: 'JSONMerge' }),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^route at shop\/one: !Invalid: .*spec\.basicAuth/u));
    expect(lines).toContainEqual(expect.stringMatching(/^route at shop\/two: !Invalid: .*spec\.basicAuth/u));
  });

  it('warns of fields that are old', () => {
    const targetRef = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'cart' };
    expect(said(document('SecurityPolicy', 'p', { targetRef, ...GOOD.SecurityPolicy }))).toEqual([
      `p at shop: ${ACCEPTED}`,
      'p at shop: Warning: spec.targetRef is deprecated, use spec.targetRefs instead',
    ]);
  });

  it('has 16 ancestors at most, those first that matter most', () => {
    const names = Array.from({ length: 20 }, (_, index) => `g${String(index).padStart(2, '0')}`);
    const gateways = names.map(
      (name) =>
        `---\n{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: ${name}}, spec: {gatewayClassName: sluice, listeners: [{name: one, protocol: HTTP, port: 80}]}}\n`,
    );
    const targetRefs = names.map((name) => ({ group: 'gateway.networking.k8s.io', kind: 'Gateway', name }));
    const lines = said(
      ...gateways,
      policy('SecurityPolicy', 'a', 'Gateway g19'),
      document('SecurityPolicy', 'p', { targetRefs, ...GOOD.SecurityPolicy }),
    ).filter((line) => line.startsWith('p '));
    expect(lines).toHaveLength(17);
    expect(lines[0]).toMatch(/^p at g19: !Conflicted/u);
    expect(lines.at(-1)).toBe(
      'p at g14: Aggregated: Ancestors have been truncated because the number of policy ancestors exceeds 16.',
    );
  });
});

describe('a selector', () => {
  const selecting = (namespaces?: object) =>
    document('SecurityPolicy', 'p', {
      targetSelectors: [{ kind: 'HTTPRoute', matchLabels: { team: 'a' }, namespaces }],
      ...GOOD.SecurityPolicy,
    });
  const grant = (name: string) =>
    `---\n{apiVersion: gateway.networking.k8s.io/v1, kind: ReferenceGrant, metadata: {name: g, namespace: far}, spec: {from: [{group: gateway.envoyproxy.io, kind: SecurityPolicy, namespace: default}], to: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${name}}]}}\n`;
  const conflict = policy('SecurityPolicy', 'z', 'HTTPRoute cart');

  /** Which routes answer otherwise than without a policy. */
  function guarded(...documents: readonly string[]): readonly string[] {
    const { proxies } = compile(loadOnce(['-'], { stdin: Buffer.from(BASE + documents.join('')) }));
    const routes = [...proxies.values()].flatMap(({ xds }) =>
      xds.listeners.flatMap((listener) =>
        httpChains(listener).flatMap(({ virtualHosts }) => virtualHosts.flat().flatMap((v) => v.routes)),
      ),
    );
    const names = routes.flatMap(({ name, features }) =>
      features.authorization === undefined ? [] : [name.split('/').slice(1, 3).join('/')],
    );
    return [...new Set(names)].sort();
  }

  it('stays in the namespace of its policy', () => {
    expect(guarded(selecting())).toEqual(['default/cart']);
  });

  it.each([{ from: 'All' }, { from: 'Selector', selector: { matchLabels: { 'kubernetes.io/metadata.name': 'far' } } }])(
    'that reaches further (%j) needs a ReferenceGrant there',
    (namespaces) => {
      const own = namespaces.from === 'All' ? ['default/cart'] : [];
      expect(guarded(selecting(namespaces))).toEqual(own);
      expect(guarded(selecting(namespaces), grant('other'))).toEqual(own);
      expect(guarded(selecting(namespaces), grant('far'))).toEqual([...own, 'far/far']);
    },
  );

  it('of a ClientTrafficPolicy is not accepted for routes, and takes nothing from the policy of their Gateway', () => {
    const routes = (spec: object) =>
      document('ClientTrafficPolicy', 'p', {
        targetSelectors: [{ kind: 'HTTPRoute', matchLabels: { team: 'a' } }],
        ...spec,
      });
    const gateway = policy('ClientTrafficPolicy', 'gw', 'Gateway shop');
    const found = 'p at shop: !Invalid: spec.targetSelectors: found routes, accepted are Gateways and ListenerSets; ';
    expect(said(gateway, routes({}))).toEqual([
      `gw at shop: ${ACCEPTED}`,
      `${found}nothing of the policy is in force on them`,
    ]);
    expect(said(gateway, routes({ path: { disableMergeSlashes: true } }))).toContain(
      `${found}requests to them are answered with 500`,
    );
  });

  it('conflicts like a reference', () => {
    expect(said(selecting(), conflict)).toEqual([
      `p at shop: ${ACCEPTED}`,
      'z at shop: !Conflicted: Unable to target HTTPRoute cart, another SecurityPolicy has already attached to it',
    ]);
  });
});
