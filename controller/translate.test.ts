import { describe, expect, it } from 'vitest';
import type { Gateway, GatewayClass, HTTPRoute } from '#controller/api/gen/types.d.ts';
import { DEFAULT_SETTINGS } from './compile.ts';
import { ResourceStore } from './resources/store.ts';
import { CONTROLLER_NAME } from './settings.ts';
import { createTranslator } from './translate.ts';

const gatewayClass: GatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'c', generation: 1 },
  spec: { controllerName: CONTROLLER_NAME },
};

function gateway(name: string, port: number): Gateway {
  const allowedRoutes = { namespaces: { from: 'Same' } } as const;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace: 'default', generation: 1 },
    spec: { gatewayClassName: 'c', listeners: [{ name: 'http', port, protocol: 'HTTP', allowedRoutes }] },
  };
}

function route(name: string, gatewayName: string, path: string): HTTPRoute {
  const parent = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: gatewayName };
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'default', generation: 1 },
    spec: { parentRefs: [parent], rules: [{ matches: [{ path: { type: 'Exact', value: path } }] }] },
  };
}

/** A route that no schema lets through: reading it throws, as a bug of ours would. */
function broken(name: string, gatewayName: string): HTTPRoute {
  const good = route(name, gatewayName, '/');
  return Object.defineProperty({ ...good, spec: { ...good.spec } }, 'spec', {
    get() {
      const { stack = '' } = new Error('here');
      if (stack.includes('routeCore')) throw new Error('a bug');
      return good.spec;
    },
  });
}

describe('a bug in the translation of one Gateway', () => {
  const store = new ResourceStore();
  for (const object of [gatewayClass, gateway('a', 1), gateway('b', 2)]) store.upsert(object);
  for (const object of [route('ra', 'a', '/1'), route('rb', 'b', '/1')]) store.upsert(object);
  const translate = createTranslator(DEFAULT_SETTINGS);
  const before = translate(store);
  store.upsert(broken('ra', 'a'));
  store.upsert(route('rb', 'b', '/2'));
  const after = translate(store);

  it('is told', () => {
    expect(after.bugs).toEqual([{ proxy: 'default/a', thrown: new Error('a bug') }]);
  });

  it('leaves that Gateway as it was', () => {
    expect(after.proxies.get('default/a')?.xds).toBe(before.proxies.get('default/a')?.xds);
  });

  it('does not keep others from changing', () => {
    expect(JSON.stringify(after.proxies.get('default/b')?.xds.listeners)).toContain('"/2"');
  });

  it('is over when the cause is', () => {
    store.upsert(route('ra', 'a', '/3'));
    const healed = translate(store);
    expect(healed.bugs).toEqual([]);
    expect(JSON.stringify(healed.proxies.get('default/a')?.xds.listeners)).toContain('"/3"');
  });
});
