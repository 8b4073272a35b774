import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProxy } from '#controller/running-proxy.ts';
import { route } from './manifests.ts';
import { type SingleProxy, singleProxy } from './single-proxy.ts';
import { freePort, get, until } from './sluice.ts';

let site: SingleProxy;
let proxy: RunningProxy;
let port: number;
let backendPort: number;
let addedPort: number;

/** A policy of one patch, `operation` in YAML. */
function patch(name: string, type: string, resource: string, operation: string): string {
  return `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyPatchPolicy
metadata: { name: ${name} }
spec:
  targetRef: { group: gateway.networking.k8s.io, kind: Gateway, name: shop }
  type: JSONPatch
  jsonPatches: [{ type: type.googleapis.com/envoy.config.${type}, name: "${resource}", operation: ${operation} }]
`;
}

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
