import { pino } from 'pino';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INSTALLATION } from '#test/golden/objects.ts';
import type { ApiServer } from '../../kubernetes/api-server.ts';
import { servedKinds } from '../../kubernetes/testing/served-kinds.ts';
import { type ScriptedApiServer, scriptedApiServer } from '../../kubernetes/testing/scripted-api-server.ts';
import { type Authority, makeAuthority } from '../../pki/authority.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { manualClock } from '../../runtime/testing/manual-clock.ts';
import { describeInfraContract } from '../contract.ts';
import type { InfraIr } from '../../ir/proxy.ts';
import type { OpenProxy, ProxySocket } from '../infra.ts';
import { OBJECT_KINDS } from './kinds.ts';
import { kubernetesInfra, type KubernetesInfra } from './kubernetes-infra.ts';

const log = pino({ level: 'silent' });

/** Connections of proxies, handed over in memory. */
function doors() {
  const serving = new Map<string, (connection: Socket) => void>();
  const waiting: { readonly key: string; readonly connection: Socket }[] = [];
  return {
    socketOf: (key: string): ProxySocket => ({
      take: (serve) => {
        serving.set(key, serve);
        for (const one of waiting.splice(0)) serve(one.connection);
      },
      close: () => Promise.resolve(void serving.delete(key)),
    }),
    connect: (key: string): Promise<void> => {
      const connection = new Socket();
      const serve = serving.get(key);
      if (serve === undefined) waiting.push({ key, connection });
      else serve(connection);
      return Promise.resolve();
    },
  };
}

let authority: Authority;

async function controllerOf(
  api: ScriptedApiServer,
  socketOf: (key: string) => ProxySocket,
  { server = api.client(), clock = systemClock }: { readonly server?: ApiServer; readonly clock?: Clock } = {},
): Promise<KubernetesInfra> {
  const infra = kubernetesInfra({
    server,
    settings: INSTALLATION,
    namespaces: [INSTALLATION.namespace],
    socketOf,
    authority: () => authority,
    clock,
    random: () => 0,
    health: { fine: () => undefined, failed: () => undefined },
    log,
  });
  await infra.start();
  infra.lead(true);
  return infra;
}

describeInfraContract('a cluster', async () => {
  authority = await makeAuthority(Date.now());
  const api = await scriptedApiServer(servedKinds);
  const { socketOf, connect } = doors();
  const controllers: KubernetesInfra[] = [];
  return {
    controller: async () => {
      // The one before was killed.
      controllers.at(-1)?.lead(false);
      const infra = await controllerOf(api, socketOf);
      controllers.push(infra);
      return infra;
    },
    connect,
    dispose: async () => {
      for (const infra of controllers) infra.stop();
      await api.close();
    },
  };
});

const INFRA: InfraIr = {
  key: 'shop/web',
  sockets: [],
  gatewayClass: 'eg',
  merged: false,
  gateways: [
    {
      namespace: 'shop',
      name: 'web',
      labels: {},
      annotations: {},
      addresses: [],
      hostnames: [],
      ports: [{ name: 'http', port: 80, protocol: 'TCP', application: 'HTTP' }],
    },
  ],
  parameters: undefined,
};
const NAME = 'envoy-shop-web-97375646';
const POLL = { timeout: 60_000 };
const NAMESPACE = INSTALLATION.namespace;

describe('a proxy in a cluster', () => {
  let api: ScriptedApiServer;
  let infra: KubernetesInfra;
  let proxy: OpenProxy;
  let changes: number;
  beforeEach(async () => {
    authority = await makeAuthority(Date.now());
    api = await scriptedApiServer(servedKinds);
    infra = await controllerOf(api, doors().socketOf);
    changes = 0;
    proxy = await infra.open('shop/web', () => (changes += 1));
  });
  afterEach(async () => {
    infra.stop();
    await api.close();
  });

  const deployment = () => api.store.get('apps/deployments', NAMESPACE, NAME);
  const all = () => OBJECT_KINDS.flatMap(({ group, plural }) => api.store.list(`${group}/${plural}`));
  const writes = () =>
    api.calls.filter(({ verb }) => verb === 'patch' || verb === 'delete' || verb === 'create').length;

  it('is made of what its Gateway says, applied server-side, once', async () => {
    proxy.deploy(INFRA);
    await expect.poll(deployment).toBeDefined();
    expect(all().map(({ kind }) => kind)).toEqual(['ServiceAccount', 'ConfigMap', 'Secret', 'Service', 'Deployment']);
    await expect.poll(writes).toBe(5);
    proxy.deploy({ ...INFRA });
    await expect.poll(() => proxy.deployed?.replicas.wanted).toBe(1);
    expect(writes()).toBe(5);
  });

  it('is told where it is reached and how much of it runs, as the cluster says it', async () => {
    proxy.deploy(INFRA);
    await expect.poll(deployment).toBeDefined();
    expect(proxy.deployed?.addresses).toEqual([]);
    const service = api.store.get('/services', NAMESPACE, NAME) ?? {};
    api.store.put('/services', { ...service, status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } } });
    api.store.put('apps/deployments', { ...deployment(), status: { availableReplicas: 1 } });
    await expect
      .poll(() => proxy.deployed)
      .toEqual({
        addresses: [{ type: 'IPAddress', value: '192.0.2.9' }],
        replicas: { available: 1, wanted: 1 },
        problem: undefined,
      });
    expect(changes).toBeGreaterThan(0);
    // What others write into statuses is no reason to write.
    expect(writes()).toBe(5);
    expect(await proxy.untilListening(1, AbortSignal.timeout(60_000))).toBe(true);
  });

  it('is repaired where somebody changes or removes what it is made of', async () => {
    proxy.deploy(INFRA);
    await expect.poll(deployment).toBeDefined();
    await expect.poll(() => proxy.deployed?.replicas.wanted).toBe(1);
    api.store.delete('/services', NAMESPACE, NAME);
    await expect.poll(() => api.store.get('/services', NAMESPACE, NAME)).toBeDefined();
    const { spec } = { spec: {}, ...deployment() };
    api.store.put('apps/deployments', { ...deployment(), spec: { ...spec, replicas: 7 } });
    await expect.poll(deployment).toMatchObject({ spec: { replicas: 1 } });
  });

  it('is repaired no later for what is heard meanwhile: a change is one change, however often it is told', async () => {
    proxy.deploy(INFRA);
    await expect.poll(deployment).toBeDefined();
    await expect.poll(() => proxy.deployed?.replicas.wanted).toBe(1);
    const { spec } = { spec: {}, ...deployment() };
    const before = writes();
    for (const replicas of [7, 8]) {
      for (let told = 0; told < 8; told += 1) {
        const said = deployment();
        const now = { ...said, spec: { ...spec, replicas }, status: { observedGeneration: told } };
        if (told === 0 || JSON.stringify(said?.['spec']).includes(`"replicas":${replicas}`))
          api.store.put('apps/deployments', now);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await expect.poll(deployment).toMatchObject({ spec: { replicas: 1 } });
    }
    expect(writes() - before).toBeLessThan(6);
  });

  it('goes with its Gateway, and stays when its controller goes', async () => {
    proxy.deploy(INFRA);
    await expect.poll(deployment).toBeDefined();
    await expect.poll(() => infra.isLeft('shop/web')).toBe(true);
    infra.stop();
    await proxy.close();
    expect(all()).toHaveLength(5);
    const next = await controllerOf(api, doors().socketOf);
    const taken = await next.open('shop/web');
    await taken.close();
    await expect.poll(all).toEqual([]);
    next.stop();
  });

  it('leaves an object by its name alone that somebody else has made, until it is gone', async () => {
    const theirs = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME, namespace: NAMESPACE },
      data: { a: 'b' },
    };
    api.store.put('/configmaps', theirs);
    proxy.deploy(INFRA);
    await expect.poll(() => proxy.deployed?.problem).toMatch(/^ConfigMap \S+ is there already and is of no proxy/u);
    expect(api.store.get('/configmaps', NAMESPACE, NAME)?.['data']).toEqual({ a: 'b' });
    expect(deployment()).toBeUndefined();
    api.store.delete('/configmaps', NAMESPACE, NAME);
    await expect.poll(deployment).toBeDefined();
    await expect.poll(() => proxy.deployed?.problem).toBeUndefined();
  });

  it('takes over what Envoy Gateway made for it, with all that it had applied', async () => {
    const labels = { 'app.kubernetes.io/managed-by': 'envoy-gateway' };
    const theirs = { manager: 'envoy-gateway', operation: 'Apply', fieldsV1: { 'f:spec': {} } };
    const others = { manager: 'kube-controller-manager', operation: 'Update', fieldsV1: { 'f:status': {} } };
    const made = { apiVersion: 'apps/v1', kind: 'Deployment' };
    const metadata = { name: NAME, namespace: NAMESPACE, labels, managedFields: [theirs, others] };
    api.store.put('apps/deployments', { ...made, metadata });
    const managers = () => JSON.stringify(Object(deployment()?.['metadata'])['managedFields'] ?? []);
    proxy.deploy(INFRA);
    await expect.poll(() => Object(deployment()?.['spec'])['replicas']).toBe(1);
    expect(managers()).toBe(JSON.stringify([others, { ...theirs, manager: 'sluice' }]));
  });

  it('whose objects are taken back by Envoy Gateway, and left to it again, is made whole again', async () => {
    proxy.deploy(INFRA);
    await expect.poll(deployment).toBeDefined();
    await expect.poll(() => infra.isLeft('shop/web')).toBe(true);
    infra.stop();
    const theirs = { manager: 'envoy-gateway', operation: 'Apply', fieldsV1: { 'f:spec': {} } };
    const { metadata, ...rest } = { metadata: {}, ...deployment() };
    api.store.put('apps/deployments', { ...rest, metadata: { ...metadata, managedFields: [theirs] } });
    infra = await controllerOf(api, doors().socketOf);
    proxy = await infra.open('shop/web');
    proxy.deploy(INFRA);
    await expect.poll(() => JSON.stringify(deployment())).not.toContain('"manager":"envoy-gateway"');
  });

  it('whose objects cannot be applied says so, and is tried again', async () => {
    api.script.refuse = ({ resource, verb }) => (resource === 'deployments' && verb === 'patch' ? 403 : undefined);
    proxy.deploy(INFRA);
    await expect
      .poll(() => proxy.deployed?.problem)
      .toMatch(/^Deployment envoy-gateway-system\/envoy-shop-web-97375646 cannot be applied: refused by the script$/u);
    api.script.refuse = () => undefined;
    await expect.poll(deployment).toBeDefined();
    await expect.poll(() => proxy.deployed?.problem).toBeUndefined();
  });

  it('leaves a server that is busy alone for as long as that asks, whatever is wanted meanwhile', async () => {
    infra.lead(false);
    const clock = manualClock(Date.now());
    const client = api.client();
    const asked: { readonly method: string; readonly at: number }[] = [];
    const server: ApiServer = {
      ...client,
      ask: (request) => {
        if (request.method !== 'GET') asked.push({ method: request.method, at: clock.now() });
        return client.ask(request);
      },
    };
    const busy = await controllerOf(api, doors().socketOf, { server, clock });
    const patient = await busy.open('shop/web');
    const [first, long] = [clock.now(), 20_000];
    api.script.refuse = ({ verb }) => (verb === 'patch' ? { status: 429, retryAfter: long / 1_000 } : undefined);
    patient.deploy(INFRA);
    await expect.poll(() => patient.deployed?.problem, POLL).toMatch(/cannot be applied: refused by the script$/u);
    api.script.refuse = () => undefined;
    clock.pass(1_000);
    patient.deploy({ ...INFRA });
    busy.lead(true);
    // It would ask now.
    await new Promise((resolve) => setTimeout(resolve, 50));
    clock.pass(long - 1_000);
    await expect.poll(deployment, POLL).toBeDefined();
    expect(new Set(asked.map(({ at }) => at - first))).toEqual(new Set([0, long]));

    api.script.refuse = ({ verb }) => (verb === 'delete' ? { status: 503, retryAfter: long / 1_000 } : undefined);
    await expect.poll(() => busy.isLeft('shop/web'), POLL).toBe(true);
    const gone = clock.now();
    await patient.close();
    api.script.refuse = () => undefined;
    await busy.endOthers(new Set());
    clock.pass(long);
    await expect.poll(all, POLL).toEqual([]);
    const deletions = asked.filter(({ method }) => method === 'DELETE').map(({ at }) => at - gone);
    expect(new Set(deletions)).toEqual(new Set([0, long]));
    busy.stop();
  });

  it('loses what it does not need any more', async () => {
    proxy.deploy(INFRA);
    await expect.poll(deployment).toBeDefined();
    await expect.poll(() => infra.isLeft('shop/web')).toBe(true);
    proxy.deploy({
      ...INFRA,
      parameters: {
        apiVersion: 'gateway.envoyproxy.io/v1alpha1',
        kind: 'EnvoyProxy',
        metadata: { name: 'config', namespace: 'shop', generation: 1 },
        spec: {
          logging: { level: { default: 'warn' } },
          provider: { type: 'Kubernetes', kubernetes: { envoyDaemonSet: {} } },
        },
      },
    });
    await expect.poll(deployment).toBeUndefined();
    expect(api.store.get('apps/daemonsets', NAMESPACE, NAME)).toBeDefined();
  });

  it('has a certificate that names it, and another one when the authority is another', async () => {
    proxy.deploy(INFRA);
    await expect.poll(deployment).toBeDefined();
    const certificate = () => api.store.get('/secrets', NAMESPACE, `${NAME}-certificate`)?.['data'];
    const first = certificate();
    authority = await makeAuthority(Date.now(), authority);
    infra.renewed();
    await expect.poll(certificate).not.toEqual(first);
  });

  describe('that another controller has made, of whose Gateway who leads now has not heard yet', () => {
    let clock: ReturnType<typeof manualClock>;
    let next: KubernetesInfra;
    beforeEach(async () => {
      clock = manualClock(Date.now());
      next = await controllerOf(api, doors().socketOf, { clock });
      next.lead(false);
      await next.endOthers(new Set());
      proxy.deploy(INFRA);
      await expect.poll(() => all().length, POLL).toBe(5);
      await expect.poll(() => next.isLeft('shop/web'), POLL).toBe(true);
      infra.lead(false);
      next.lead(true);
    });
    afterEach(() => next.stop());

    /** Whatever is to be asked for has been asked for. */
    const moment = () => new Promise((resolve) => setTimeout(resolve, 100));

    it('stays: the Gateway is heard of in a while', async () => {
      clock.pass(179_000);
      await moment();
      expect(all()).toHaveLength(5);
      (await next.open('shop/web')).deploy(INFRA);
      clock.pass(1_000_000);
      await moment();
      expect(all()).toHaveLength(5);
    });

    it('stays as well where there was one of that name before', async () => {
      const opened = await next.open('shop/web');
      next.lead(false);
      infra.lead(true);
      await Promise.all([opened.close(), proxy.close()]);
      await expect.poll(() => [all(), next.isLeft('shop/web')], POLL).toEqual([[], false]);
      await moment();
      clock.pass(1_000_000);
      (await infra.open('shop/web')).deploy(INFRA);
      await expect.poll(() => all().length, POLL).toBe(5);
      await moment();
      infra.lead(false);
      next.lead(true);
      await moment();
      expect(all()).toHaveLength(5);
    });

    it('is removed after that while', async () => {
      clock.pass(180_000);
      await expect.poll(all, POLL).toEqual([]);
    });

    it('is removed as soon as the Gateway has come and gone', async () => {
      const opened = await next.open('shop/web');
      opened.deploy(INFRA);
      await opened.close();
      await expect.poll(all, POLL).toEqual([]);
    });
  });

  it('is written by the leader alone', async () => {
    infra.lead(false);
    proxy.deploy(INFRA);
    await expect.poll(() => proxy.deployed).toBeDefined();
    expect(all()).toEqual([]);
    infra.lead(true);
    await expect.poll(deployment).toBeDefined();
  });
});
