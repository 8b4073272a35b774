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
const POLL = { interval: 200 };
const GATEWAY_API = { group: 'gateway.networking.k8s.io', version: 'v1' };

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
    await expect.poll(() => cluster.kubectl('get', 'events', '-n', APP), POLL).toContain('BackendNotFound');
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
});

function itemsOf(list: unknown): readonly { readonly [field: string]: unknown }[] {
  return isObject(list) && Array.isArray(list['items']) ? list['items'].filter(isObject) : [];
}

function nameOf({ metadata }: { readonly [field: string]: unknown }): unknown {
  return isObject(metadata) ? metadata['name'] : undefined;
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
