import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { leaseName } from '#controller/kubernetes/lease/lease-name.ts';
import { resourcePath } from '#controller/kubernetes/resource-path.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { ControllerProcess } from '../process/cluster-controller.ts';
import { connectCluster } from './control-plane.ts';
import { makeController, writeControllerAccess } from './controller-access.ts';
import { NODE_ADDRESS } from './node/pod-network.ts';
import { openRelay, type Relay } from './relay.ts';

const CONTROLLER = 'example.com/sluice-controller-test';
const OWN = 'controller-test-system';
const APP = 'controller-test';
const POLL = { timeout: 60_000, interval: 200 };
const GATEWAY_API = { group: 'gateway.networking.k8s.io', version: 'v1' };
const ROUTES = { ...GATEWAY_API, plural: 'httproutes' };

const SHOP = `
apiVersion: v1
kind: Namespace
metadata: { name: ${APP} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: controller-test }
spec: { controllerName: ${CONTROLLER} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop, namespace: ${APP} }
spec:
  gatewayClassName: controller-test
  listeners:
  - { name: web, port: 80, protocol: HTTP }
  - { name: tls, port: 443, protocol: HTTPS, tls: { certificateRefs: [{ name: missing }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: app, namespace: ${APP} }
spec:
  parentRefs: [{ name: shop, sectionName: web }]
  rules: [{ backendRefs: [{ name: app, port: 80 }] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: astray, namespace: ${APP} }
spec:
  parentRefs: [{ name: shop, sectionName: nowhere }]
`;

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: app, namespace: ${APP} }
spec: { ports: [{ port: 80 }], selector: { app: app } }
`;

const run = promisify(execFile);

describe('the controller on a real API server, with the rights of its table', () => {
  const cluster = connectCluster(inject('cluster'));
  const folder = mkdtempSync(join(tmpdir(), 'sl-controller-'));
  const replicas: ControllerProcess[] = [];
  let relay: Relay | undefined;
  let kubeconfig = '';

  beforeAll(async () => {
    await makeController(cluster, OWN);
    relay = await openRelay(NODE_ADDRESS, 6_443);
    kubeconfig = join(folder, 'kubeconfig');
    await writeControllerAccess(cluster, OWN, `https://127.0.0.1:${relay.port}`, kubeconfig);
  });
  afterEach(async () => {
    await relay?.up();
    for (const replica of replicas.splice(0)) await replica.end();
  });
  afterAll(async () => {
    await cluster.kubectl('delete', 'namespace', OWN, APP, '--wait=false', '--ignore-not-found');
    await cluster.kubectl('delete', 'gatewayclass', 'controller-test', '--ignore-not-found');
    await relay?.down();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(): Promise<ControllerProcess> {
    const options = { folder, kubeconfig, controllerName: CONTROLLER, namespace: OWN };
    const replica = await ControllerProcess.start(options);
    replicas.push(replica);
    return replica;
  }

  async function get(plural: string, name: string, namespace: string): Promise<{ readonly [field: string]: unknown }> {
    const place = { name, ...(namespace === '' ? {} : { namespace }) };
    const { body } = await cluster.api.ask({ method: 'GET', path: resourcePath({ ...GATEWAY_API, plural }, place) });
    return isObject(body) ? body : {};
  }
  const status = async (plural: string, name: string, namespace = APP): Promise<string> =>
    JSON.stringify((await get(plural, name, namespace))['status'] ?? {});
  async function holder(): Promise<string> {
    const leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
    const path = resourcePath(leases, { namespace: OWN, name: leaseName(CONTROLLER) });
    const { body } = await cluster.api.ask({ method: 'GET', path });
    return /"holderIdentity":"([^"]*)"/u.exec(JSON.stringify(body))?.[1] ?? '';
  }

  it('says of objects what it says of the same files, and follows what changes', async () => {
    await cluster.apply(SHOP);
    const replica = await start();
    await expect.poll(() => replica.ready(), POLL).toBe(200);
    await expect.poll(() => status('httproutes', 'app'), POLL).toContain('"BackendNotFound"');
    await expect.poll(() => status('httproutes', 'astray'), POLL).toContain('"NoMatchingParent"');
    await expect.poll(() => status('gatewayclasses', 'controller-test', ''), POLL).toContain('"Accepted"');
    const file = join(folder, 'shop.yaml');
    writeFileSync(file, SHOP);
    const flags = ['--to', 'status', '-o', 'json', '--config', join(folder, 'files.yaml')];
    writeFileSync(
      join(folder, 'files.yaml'),
      JSON.stringify({
        apiVersion: 'gateway.envoyproxy.io/v1alpha1',
        kind: 'EnvoyGateway',
        gateway: { controllerName: CONTROLLER },
      }),
    );
    const { stdout } = await run(process.execPath, [
      join(ROOT, 'controller/cli/sluice.mjs'),
      'translate',
      file,
      ...flags,
    ]);
    const said = itemsOf(JSON.parse(stdout));
    for (const [kind, plural, name, namespace] of [
      ['HTTPRoute', 'httproutes', 'app', APP],
      ['HTTPRoute', 'httproutes', 'astray', APP],
      ['GatewayClass', 'gatewayclasses', 'controller-test', ''],
    ] as const) {
      const expected = said.find((one) => one['kind'] === kind && nameOf(one) === name)?.['status'];
      expect(expected).toBeDefined();
      const real = (await get(plural, name, namespace))['status'];
      expect(withoutTimes(real)).toEqual(withoutTimes(expected));
    }
    await cluster.apply(SERVICE);
    await expect.poll(() => status('httproutes', 'app'), POLL).toContain('"ResolvedRefs","status":"True"');
    expect(await cluster.kubectl('get', 'events', '-n', APP)).toContain('BackendNotFound');
    expect(replica.log).not.toContain('forbidden');
  });

  it('serves on through minutes without the API server, and tells afterwards what changed', async () => {
    await cluster.apply(SHOP + `---${SERVICE}`);
    const replica = await start();
    await expect.poll(() => replica.log, POLL).toContain('this replica leads');
    await expect.poll(() => status('httproutes', 'app'), POLL).toContain('"ResolvedRefs","status":"True"');
    await relay?.down();
    await cluster.kubectl('delete', 'service', '-n', APP, 'app');
    await expect.poll(() => replica.log, POLL).toContain('does not lead any more');
    expect(await replica.ready()).toBe(200);
    await relay?.up();
    await expect.poll(() => status('httproutes', 'app'), POLL).toContain('"BackendNotFound"');
    expect(replica.log.match(/does not answer as wished; what is known/gu)?.length ?? 0).toBeLessThan(20);
  });

  it('has another leader when the first is killed', async () => {
    await cluster.apply(SHOP);
    const first = await start();
    await expect.poll(() => first.log, POLL).toContain('this replica leads');
    const leader = await holder();
    const second = await start();
    await expect.poll(() => second.ready(), POLL).toBe(200);
    await first.end('SIGKILL');
    await expect.poll(async () => [leader, ''].includes(await holder()), POLL).toBe(false);
    await cluster.kubectl('delete', 'httproute', '-n', APP, 'astray');
    await cluster.apply(SHOP);
    await expect.poll(() => status('httproutes', 'astray'), POLL).toContain('"NoMatchingParent"');
  });

  it('takes 5,000 HTTPRoutes with a few writes each, and gives the memory back when they go', async () => {
    await cluster.apply(SHOP + `---${SERVICE}`);
    const replica = await start();
    await expect.poll(() => replica.log, POLL).toContain('this replica leads');
    await expect.poll(() => status('httproutes', 'app'), POLL).toContain('"ResolvedRefs","status":"True"');
    const empty = replica.memory();
    const began = Date.now();
    await inTurns(5_000, 24, (index) =>
      cluster.api.ask({ method: 'POST', path: resourcePath(ROUTES, { namespace: APP }), body: routeOf(index) }),
    );
    const created = Date.now() - began;
    await expect
      .poll(async () => attachedTo(await get('gateways', 'shop', APP)), { timeout: 180_000, interval: 1_000 })
      .toBeGreaterThanOrEqual(5_001);
    const attached = Date.now() - began;
    const written = (): Promise<number> => countWritten(cluster, '"True"');
    await expect.poll(written, { timeout: 240_000, interval: 2_000 }).toBeGreaterThanOrEqual(5_000);
    const all = Date.now() - began;
    const full = replica.memory();
    const generations = await writesOf(cluster);
    await cluster.api.ask({
      method: 'DELETE',
      path: resourcePath(ROUTES, { namespace: APP }),
      query: { labelSelector: 'many=yes' },
    });
    await expect
      .poll(async () => attachedTo(await get('gateways', 'shop', APP)), { timeout: 120_000, interval: 1_000 })
      .toBe(1);
    await expect
      .poll(() => replica.memory() - empty, { timeout: 60_000, interval: 1_000 })
      .toBeLessThan(Math.max(0.6 * (full - empty), 30e6));
    const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
    process.stderr.write(
      `5,000 HTTPRoutes: created after ${created} ms, attached after ${attached} ms, all statuses written after ${all} ms; ` +
        `memory ${megabytes(empty)} MB before, ${megabytes(full)} MB with them, ${megabytes(replica.memory())} MB after; writes ${generations}\n`,
    );
    expect(generations).toBeLessThan(3 * 5_000);
  }, 600_000);
});

function routeOf(index: number) {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `many-${index}`, namespace: APP, labels: { many: 'yes' } },
    spec: {
      parentRefs: [{ name: 'shop', sectionName: 'web' }],
      hostnames: [`host-${index % 500}.example.com`],
      rules: [
        { matches: [{ path: { type: 'PathPrefix', value: `/p/${index}` } }], backendRefs: [{ name: 'app', port: 80 }] },
      ],
    },
  };
}

async function inTurns(count: number, atOnce: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await act(index);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** The routes of listener `web`. */
function attachedTo({ status }: { readonly [field: string]: unknown }): number {
  return Number(
    /"attachedRoutes":(\d+)[^{}]*(?:\{[^{}]*\}[^{}]*)*"name":"web"|"name":"web"/u.exec(
      JSON.stringify(status ?? {}),
    )?.[1] ?? -1,
  );
}

function itemsOf(list: unknown): readonly { readonly [field: string]: unknown }[] {
  return isObject(list) && Array.isArray(list['items']) ? list['items'].filter(isObject) : [];
}

function nameOf({ metadata }: { readonly [field: string]: unknown }): unknown {
  return isObject(metadata) ? metadata['name'] : undefined;
}

async function routesIn(cluster: ReturnType<typeof connectCluster>): Promise<ReturnType<typeof itemsOf>> {
  const query = { labelSelector: 'many=yes', resourceVersion: '0' };
  const { body } = await cluster.api.ask({ method: 'GET', path: resourcePath(ROUTES, { namespace: APP }), query });
  return itemsOf(body);
}

async function countWritten(cluster: ReturnType<typeof connectCluster>, text: string): Promise<number> {
  const routes = await routesIn(cluster);
  return routes.filter((route) => JSON.stringify(route['status'] ?? {}).includes(text)).length;
}

/** How often statuses of HTTPRoutes were patched, by the API server's own count. */
async function writesOf(cluster: ReturnType<typeof connectCluster>): Promise<number> {
  const metrics = await cluster.kubectl('get', '--raw', '/metrics');
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{') && line.includes('resource="httproutes"'))
    .filter((line) => line.includes('subresource="status"') && line.includes('verb="PATCH"'));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** A status without the times in it, its entries in order. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? {}, (key, inner: unknown) => (key === 'lastTransitionTime' ? undefined : sorted(inner))),
  );
}

function sorted(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
