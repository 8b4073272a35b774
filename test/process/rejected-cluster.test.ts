import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProxy } from '#controller/running-proxy.ts';
import { encode } from '#controller/xds/build/message.ts';
import { type XdsSnapshot, xdsResource } from '#controller/xds/snapshot.ts';
import { route } from './manifests.ts';
import { type SingleProxy, singleProxy } from './single-proxy.ts';
import { get, until } from './sluice.ts';

const MANY = 1_000;
const BAD = 'r500';

let site: SingleProxy;
let proxy: RunningProxy;
let port: number;
let isTampered = true;

/** Makes clusters such that Envoy rejects them: those of Backends that are called so, and at first one among many. */
function tamper(snapshot: XdsSnapshot): XdsSnapshot {
  const backends = isTampered ? ['bad', BAD] : ['bad'];
  const isBad = (name: string): boolean => backends.some((backend) => name.startsWith(`backend/default/${backend}-`));
  const bad = [...snapshot.cluster.keys()].filter(isBad).map((name) => {
    const body = encode('envoy.config.cluster.v3.Cluster', { name, connectTimeout: { seconds: -1n } });
    return [name, xdsResource('cluster', name, body)] as const;
  });
  return { ...snapshot, cluster: new Map([...snapshot.cluster, ...bad]) };
}

const routes = (names: readonly string[]): string =>
  names.map((name) => route(name, 'shop', `/${name}`, site.backendPort)).join('');
const two = (): string => routes(['r0', 'r1']);
const all = Array.from({ length: MANY }, (_, index) => `r${index}`);

/** The Backend whose cluster Envoy rejects. */
const badBackend = (): string => `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: bad }
spec: { endpoints: [{ ip: { address: 127.0.0.1, port: ${site.backendPort} } }] }
`;

/** Guards the route r1. */
const guarding = (what: string): string => `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: guard }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: r1 }]
  ${what}
`;

const ASKS =
  'extAuth: { grpc: { backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: bad, port: 9000 }] } }';

/** Lets "user" in with "test". */
const LOGIN = `---
apiVersion: v1
kind: Secret
metadata: { name: users }
stringData: { .htpasswd: "user:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=" }
`;

/** On a connection of its own: one that is older than the filter which asks is refused. */
function getAs(user: string, path: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  request({ host: '127.0.0.1', port, path, auth: user, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode);
  })
    .on('error', reject)
    .end();
  return promise;
}

beforeAll(async () => {
  site = await singleProxy({ tamper });
  ({ proxy, port } = site);
});
afterAll(() => site.destroy());

describe('one cluster among a thousand that Envoy rejects at a start', () => {
  it('holds back the route to it alone, which answers 500; the proxy is ready', async () => {
    site.serve(routes(all));
    await until('ready', () => proxy.ready);
    await site.becomes(`/${BAD}`, 500);
    for (const name of ['r0', 'r499', 'r501', 'r999']) expect(await get(port, `/${name}`)).toBe(200);
  });

  it("is told with Envoy's words, and so is the route", () => {
    const { rejected, rejectedRoutes } = proxy.report();
    expect(rejected).toMatchObject([{ type: 'cluster', message: expect.stringContaining('Invalid duration') }]);
    expect(rejectedRoutes).toMatchObject([{ name: `httproute/default/${BAD}/rule/0/match/0/*` }]);
  });

  it('is not sent again with other changes, which go live', async () => {
    site.serve(routes([...all, 'later']));
    await site.becomes('/later', 200);
    expect(await get(port, `/${BAD}`)).toBe(500);
  });

  it('is tried again when it comes anew', async () => {
    isTampered = false;
    site.serve(routes([...all.filter((name) => name !== BAD), 'later']));
    await site.becomes(`/${BAD}`, 404);
    expect(proxy.report().rejected).toEqual([]);
    site.serve(routes([...all, 'later']));
    await site.becomes(`/${BAD}`, 200);
  });
});

describe('a policy that comes to a route which serves', () => {
  it('closes it when it asks a server whose cluster Envoy rejects; the route says so', async () => {
    site.serve(two());
    await site.becomes('/r1', 200);
    site.serve(two() + badBackend() + guarding(ASKS));
    await site.becomes('/r1', 500);
    expect(await get(port, '/r0')).toBe(200);
    expect(proxy.report().rejectedRoutes).toMatchObject([
      { name: 'httproute/default/r1/rule/0/match/0/*', isClosed: true },
    ]);
  });

  it('is in force while the route goes on to where it led, its new back-end being rejected', async () => {
    site.serve(two());
    await site.becomes('/r1', 200);
    const edited = two().replace('kind: Backend, name: r1 }', 'kind: Backend, name: bad }') + badBackend();
    site.serve(edited);
    await until('held back', () => proxy.report().rejectedRoutes.length === 1);
    expect(await get(port, '/r1')).toBe(200);
    site.serve(edited + LOGIN + guarding('basicAuth: { users: { name: users } }'));
    await until('asked', async () => (await getAs('user:other', '/r1')) === 401);
    expect(await getAs('user:test', '/r1')).toBe(200);
    expect(proxy.report().rejectedRoutes).toMatchObject([{ name: 'httproute/default/r1/rule/0/match/0/*' }]);
    expect(proxy.report().rejectedRoutes[0]?.isClosed).toBeUndefined();
    site.serve(edited);
    await until('asked no more', async () => (await getAs('', '/r1')) === 200);
  });
});
