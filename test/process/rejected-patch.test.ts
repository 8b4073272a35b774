import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProxy } from '#controller/running-proxy.ts';
import { ask } from '../scenario/ask.ts';
import { patch, route } from './manifests.ts';
import { poisoned, poisonousRoute } from './poison.ts';
import { type SingleProxy, singleProxy } from './single-proxy.ts';
import { freePort, get, until } from './sluice.ts';

let site: SingleProxy;
let proxy: RunningProxy;
let port: number;
let backendPort: number;
let addedPort: number;

/** A listener of a patch's own, that has nothing but a TCP proxy. */
function addedListener(): string {
  const address = (number: number) => `{ socket_address: { address: 127.0.0.1, port_value: ${number} } }`;
  const proxyType = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  const filter = `{ name: tcp, typed_config: { "@type": ${proxyType}, stat_prefix: tcp, cluster: own } }`;
  const value = `{ name: own, address: ${address(addedPort)}, filter_chains: [{ filters: [${filter}] }] }`;
  const endpoint = `{ endpoint: { address: ${address(backendPort)} } }`;
  const assignment = `{ cluster_name: own, endpoints: [{ lb_endpoints: [${endpoint}] }] }`;
  const cluster = `{ name: own, type: STATIC, connect_timeout: 1s, load_assignment: ${assignment} }`;
  return (
    patch('own-listener', 'listener.v3.Listener', 'own', `{ op: add, path: "", value: ${value} }`) +
    patch('own-cluster', 'cluster.v3.Cluster', 'own', `{ op: add, path: "", value: ${cluster} }`)
  );
}

function serve(manifests: string): void {
  site.serve(addedListener() + manifests);
}

const routeTo = (name: string): string => route(name, 'shop', `/${name}`, backendPort);
const becomes = (path: string, status: number): Promise<void> => site.becomes(path, status);
const rejects = (type: string): Promise<void> =>
  until(`${type} is rejected`, () => proxy.report().rejected.some((rejected) => rejected.type === type));

beforeAll(async () => {
  site = await singleProxy();
  ({ proxy, port, backendPort } = site);
  addedPort = await freePort();
  serve(routeTo('one'));
  await until('ready', () => proxy.ready);
});

afterAll(() => site.destroy());

describe('a proxy to which a patch adds a listener', () => {
  it('is ready when it listens on that too', async () => {
    expect(await get(addedPort, '/')).toBe(200);
    expect(await get(port, '/one')).toBe(200);
  });
});

describe('a patch that can be applied and that Envoy rejects', () => {
  const twice = '{ op: add, path: /virtual_hosts/-, value: { name: again, domains: ["*"] } }';

  it('of a RouteConfiguration holds back the virtual host that it adds, and no route is blamed', async () => {
    serve(routeTo('one') + routeTo('two') + patch('p', 'route.v3.RouteConfiguration', 'default/shop/http', twice));
    await rejects('virtual-host');
    expect(proxy.report().rejected).toMatchObject([{ name: 'default/shop/http/+again' }]);
    expect(proxy.report().rejectedRoutes).toEqual([]);
    await becomes('/two', 200);
    expect(await get(port, '/one')).toBe(200);
  });

  it('of a RouteConfiguration is forgotten once it is mended', async () => {
    serve(routeTo('one') + routeTo('two'));
    await until('nothing is rejected', () => proxy.report().rejected.length === 0);
  });

  it('of a cluster leaves it as it was, and the routes to it', async () => {
    const name = proxy.report().ir?.clusters[0]?.[0]?.name ?? '';
    const negative = '{ op: add, path: /connect_timeout, value: -1s }';
    serve(routeTo('one') + routeTo('two') + routeTo('three') + patch('p', 'cluster.v3.Cluster', name, negative));
    await rejects('cluster');
    await becomes('/three', 200);
    expect(await get(port, '/one')).toBe(200);
    expect(await get(port, '/two')).toBe(200);
  });
});

/** A patch that adds a header to the answers of the first virtual host. */
function header(key: string): string {
  const value = `[{ header: { key: "${key}", value: yes } }]`;
  const operation = `{ op: add, path: /virtual_hosts/0/response_headers_to_add, value: ${value} }`;
  return patch('p', 'route.v3.RouteConfiguration', 'default/shop/http', operation);
}

/** Envoy takes no such name of a header. */
const BAD = header(':path');
const GOOD = header('x-patched');

describe('policies on a virtual host whose patches Envoy rejects', () => {
  let own: SingleProxy;
  beforeAll(async () => {
    own = await singleProxy();
  });
  afterAll(() => own.destroy());

  const routes = (...names: readonly string[]): string =>
    names.map((name) => route(name, 'shop', `/${name}`, own.backendPort)).join('');
  /** Nobody comes to a route without a password. */
  const closing = (name: string): string => `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${name} }]
  basicAuth: { users: { name: users } }
---
apiVersion: v1
kind: Secret
metadata: { name: users }
stringData: { .htpasswd: "ada:{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }
`;
  /**
   * The status of an answer, and what the patch says there. On a connection of its own: one that is older than the filter which
   * asks for a password is refused.
   */
  const asked = async (path: string): Promise<readonly [number, string | undefined]> => {
    const { status, response = {} } = await ask(own.port, {
      name: '',
      statuses: [],
      upstream: {},
      response: {},
      method: 'GET',
      path,
      headers: [],
      from: '127.0.0.1',
    });
    return [status, response['x-patched']];
  };
  const turns = (path: string, status: number): Promise<void> =>
    until(`${path} is ${status}`, async () => (await asked(path))[0] === status);
  const told = (): readonly object[] => own.proxy.report().rejected;
  const taken = (): Promise<void> =>
    until('everything is taken', () => {
      const { snapshot, acknowledged } = own.proxy.report();
      return [...snapshot['virtual-host'].values()].every((host) => acknowledged('virtual-host', host));
    });
  const HOST = { type: 'virtual-host', name: 'default/shop/http/any', policies: ['default/p'] };

  it('are not passed by where it was never served: it answers 500', async () => {
    own.serve(routes('one') + BAD);
    await own.becomes('/one', 500);
    expect(told()).toMatchObject([{ ...HOST, instead: 'error' }]);
    expect(own.proxy.report().rejectedRoutes).toMatchObject([{ isClosed: true }]);
    await until('ready', () => own.proxy.ready);
  });

  it('are in force as they come, beside the patches of before', async () => {
    own.serve(routes('one') + GOOD);
    await turns('/one', 200);
    expect(await asked('/one')).toEqual([200, 'yes']);
    await taken();
    expect(told()).toEqual([]);

    own.serve(routes('one', 'two') + BAD);
    await turns('/two', 200);
    expect(told()).toMatchObject([{ ...HOST, instead: 'earlier patches' }]);

    own.serve(routes('one', 'two') + BAD + closing('one'));
    await turns('/one', 401);
    expect(await asked('/two')).toEqual([200, 'yes']);
    expect(own.proxy.report().rejectedRoutes).toEqual([]);
    await until('it is told', () => told().length === 1);
  });

  it('stay in force when the patch goes', async () => {
    own.serve(routes('one', 'two') + closing('one'));
    await until('the patch is gone', async () => (await asked('/two'))[1] === undefined);
    expect(await asked('/one')).toEqual([401, undefined]);
    expect(told()).toEqual([]);
  });
});

describe('a route that Envoy rejects in a virtual host that is patched', () => {
  it('is found out, and held back alone', async () => {
    const own = await singleProxy({ tamper: poisoned });
    try {
      const one = route('one', 'shop', '/one', own.backendPort);
      own.serve(one + GOOD);
      await own.becomes('/one', 200);
      await until('ready', () => own.proxy.ready);
      own.serve(one + poisonousRoute('bad', own.backendPort) + route('two', 'shop', '/two', own.backendPort) + GOOD);
      await own.becomes('/two', 200);
      await own.becomes('/bad', 500);
      await until('no patch is blamed', () => own.proxy.report().rejected.length === 0);
      expect(own.proxy.report().rejectedRoutes).toMatchObject([
        { name: 'httproute/default/bad/rule/0/match/0/*', isClosed: true },
      ]);
    } finally {
      await own.destroy();
    }
  });
});
