import { describe, expect, it } from 'vitest';
import { compile } from '../compile.ts';
import { loadOnce } from '../provider/files/load-once.ts';
import { httpChains } from '../ir/listener.ts';

const BASE = `
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: sluice},
 spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: shop}, spec: {gatewayClassName: sluice,
 listeners: [{name: one, protocol: HTTP, port: 8001}, {name: two, protocol: HTTP, port: 8002}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: cart},
 spec: {parentRefs: [{name: shop}], rules: [{name: pay, matches: [{path: {value: /pay}}], backendRefs: [&echo {group: gateway.envoyproxy.io, kind: Backend, name: echo}]},
  {name: look, matches: [{path: {value: /look}}], backendRefs: [*echo]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: orders},
 spec: {parentRefs: [{name: shop}], rules: [{matches: [{path: {value: /orders}}], backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: echo}]}]}}
---
{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: Backend, metadata: {name: echo}, spec: {endpoints: [{ip: {address: 127.0.0.1, port: 1}}]}}
`;

type Kind = 'SecurityPolicy' | 'BackendTrafficPolicy' | 'ClientTrafficPolicy';

/** A policy on "Gateway shop", "HTTPRoute cart/pay", ... */
function policy(kind: Kind, target: string, spec: object): string {
  const [targetKind, at = ''] = target.split(' ');
  const [object, sectionName] = at.split('/');
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: targetKind, name: object, sectionName }];
  const metadata = { name: at.replace('/', '-') };
  const apiVersion = 'gateway.envoyproxy.io/v1alpha1';
  return `---\n${JSON.stringify({ apiVersion, kind, metadata, spec: { targetRefs, ...spec } })}\n`;
}

const timeout = (requestTimeout: string, mergeType?: string) => ({ timeout: { http: { requestTimeout } }, mergeType });

/** Of each route on each port, "<port> <path>", its request timeout, "closed", or nothing. */
function timeouts(...policies: readonly string[]): { readonly [place: string]: number | 'closed' | undefined } {
  const { proxies } = compile(loadOnce(['-'], { stdin: Buffer.from(BASE + policies.join('')) }));
  const [proxy] = proxies.values();
  const entries = (proxy?.xds.listeners ?? []).flatMap((listener) =>
    httpChains(listener).flatMap(({ virtualHosts }) =>
      virtualHosts
        .flat()
        .flatMap(({ routes }) =>
          routes.map(({ match, action, features }) => [
            `${listener.port} ${match.path.value}`,
            action.kind === 'respond' ? ('closed' as const) : features.timeouts?.request,
          ]),
        ),
    ),
  );
  return Object.fromEntries(entries);
}

describe('of policies about one place', () => {
  it('the rule goes before the route, that before the listener, that before the Gateway', () => {
    expect(
      timeouts(
        policy('BackendTrafficPolicy', 'Gateway shop', timeout('1s')),
        policy('BackendTrafficPolicy', 'Gateway shop/two', timeout('2s')),
        policy('BackendTrafficPolicy', 'HTTPRoute cart', timeout('3s')),
        policy('BackendTrafficPolicy', 'HTTPRoute cart/pay', timeout('4s')),
      ),
    ).toEqual({
      '8001 /orders': 1000,
      '8002 /orders': 2000,
      '8001 /look': 3000,
      '8002 /look': 3000,
      '8001 /pay': 4000,
      '8002 /pay': 4000,
    });
  });

  it('that of a route is merged into that of the listener it is on, else of the Gateway', () => {
    const idle = { timeout: { http: { streamIdleTimeout: '9s' } }, mergeType: 'StrategicMerge' };
    expect(
      timeouts(
        policy('BackendTrafficPolicy', 'Gateway shop', timeout('1s')),
        policy('BackendTrafficPolicy', 'Gateway shop/two', timeout('2s')),
        policy('BackendTrafficPolicy', 'HTTPRoute cart', idle),
        policy('BackendTrafficPolicy', 'HTTPRoute orders', { ...idle, mergeType: undefined }),
      ),
    ).toEqual({
      '8001 /pay': 1000,
      '8001 /look': 1000,
      '8002 /pay': 2000,
      '8002 /look': 2000,
      '8001 /orders': undefined,
      '8002 /orders': undefined,
    });
  });

  it('of different kinds all count', () => {
    const closed = policy('SecurityPolicy', 'HTTPRoute cart', { basicAuth: { users: { name: 'users' } } });
    expect(timeouts(policy('BackendTrafficPolicy', 'Gateway shop', timeout('1s')), closed)).toMatchObject({
      '8001 /pay': 'closed',
      '8002 /look': 'closed',
      '8001 /orders': 1000,
    });
  });
});

describe('a policy that cannot be enforced closes its targets', () => {
  it.each<readonly [why: string, policy: string]>([
    [
      'a value that Envoy would not take',
      policy('BackendTrafficPolicy', 'HTTPRoute cart/pay', { timeout: { tcp: { connectTimeout: '0s' } } }),
    ],
    ['a field that does not exist', policy('BackendTrafficPolicy', 'HTTPRoute cart/pay', { rateLimits: {} })],
    [
      'a client certificate that nobody asks for',
      policy('ClientTrafficPolicy', 'Gateway shop/one', {
        tls: { clientValidation: { caCertificateRefs: [{ name: 'ca' }] } },
      }),
    ],
  ])('%s', (_, document) => {
    const gateway = policy('BackendTrafficPolicy', 'Gateway shop', timeout('1s'));
    expect(timeouts(gateway, document)).toMatchObject({ '8001 /pay': 'closed', '8002 /orders': 1000 });
  });

  it('also those that a selector selects', () => {
    const selector = { targetSelectors: [{ kind: 'HTTPRoute' }], targetRefs: undefined, unknown: true };
    expect(timeouts(policy('SecurityPolicy', 'HTTPRoute none', selector))['8001 /orders']).toBe('closed');
  });

  it('a policy that is merged into it, too', () => {
    const broken = policy('BackendTrafficPolicy', 'Gateway shop', { timeout: { tcp: { connectTimeout: '0s' } } });
    const merged = policy('BackendTrafficPolicy', 'HTTPRoute cart', timeout('1s', 'StrategicMerge'));
    expect(timeouts(broken, merged)['8001 /pay']).toBe('closed');
    const unreadable = policy('BackendTrafficPolicy', 'Gateway shop', { unknown: true });
    expect(timeouts(unreadable, merged)['8001 /pay']).toBe('closed');
  });

  describe('also beside a ClientTrafficPolicy that selects a route of theirs', () => {
    const selecting = (spec: object) =>
      policy('ClientTrafficPolicy', 'HTTPRoute selected', {
        targetSelectors: [{ kind: 'HTTPRoute' }],
        targetRefs: undefined,
        ...spec,
      });
    const harmless = selecting({ timeout: { http: { idleTimeout: '1s' } } });
    const validation = { tls: { clientValidation: { caCertificateRefs: [{ kind: 'ConfigMap', name: 'gone' }] } } };
    const traffic = policy('BackendTrafficPolicy', 'Gateway shop', timeout('1s'));

    it('which opens nothing', () => {
      const gateway = policy('ClientTrafficPolicy', 'Gateway shop', validation);
      expect(new Set(Object.values(timeouts(traffic, gateway, harmless)))).toEqual(new Set(['closed']));
      const unreadable = policy('ClientTrafficPolicy', 'Gateway shop', { unknown: true });
      expect(new Set(Object.values(timeouts(traffic, unreadable, harmless)))).toEqual(new Set(['closed']));
    });

    it('which closes the route only when it would have stopped clients', () => {
      expect(new Set(Object.values(timeouts(traffic, harmless)))).toEqual(new Set([1000]));
      const guarding = selecting({ tls: { clientValidation: { mode: 'RequireAny' } } });
      expect(new Set(Object.values(timeouts(traffic, guarding)))).toEqual(new Set(['closed']));
    });
  });

  it('not one of which nothing would stop a request', () => {
    const open = policy('BackendTrafficPolicy', 'HTTPRoute cart', {
      loadBalancer: { type: 'RoundRobin', zoneAware: { preferLocal: {} } },
    });
    const gateway = policy('ClientTrafficPolicy', 'Gateway shop', { timeout: { http: { idleTimeout: '1s' } } });
    expect(Object.values(timeouts(open, gateway))).not.toContain('closed');
  });
});
