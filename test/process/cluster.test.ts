import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { infraRules } from '#controller/infra/kubernetes/rbac.ts';
import { allows, CONTROLLER_RULES } from '#controller/kubernetes/rbac.ts';
import { leaseName } from '#controller/kubernetes/lease/lease-name.ts';
import { metadataOf } from '#controller/kubernetes/testing/object-store.ts';
import { type ScriptedApiServer, scriptedApiServer } from '#controller/kubernetes/testing/scripted-api-server.ts';
import { servedKinds } from '#controller/kubernetes/testing/served-kinds.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { ControllerProcess, writeConfiguration } from './cluster-controller.ts';

const GATEWAY_API = 'gateway.networking.k8s.io';
const CONTROLLER = 'example.com/sluice-under-test';
const OWN = 'sluice-system';
const RULES = [...CONTROLLER_RULES, ...infraRules('ControllerNamespace')];

/** Replicas of a controller on a cluster whose API server is scripted, and which allows what the rules of RBAC do. */
class ClusterRun {
  readonly folder = mkdtempSync(join(tmpdir(), 'sl-cluster-'));
  readonly api: ScriptedApiServer;
  readonly refused: string[] = [];
  readonly #replicas: ControllerProcess[] = [];
  readonly #kubeconfig = join(this.folder, 'kubeconfig');

  constructor(api: ScriptedApiServer) {
    this.api = api;
    api.script.refuse = (call) => {
      if (allows(RULES, call, { watched: undefined, own: OWN })) return undefined;
      this.refused.push(`${call.verb} ${call.resource} ${call.namespace ?? ''}`);
      return 403;
    };
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'x',
      clusters: [{ name: 'c', cluster: { server: api.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'of-the-test' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: OWN } }],
    };
    writeFileSync(this.#kubeconfig, JSON.stringify(kubeconfig));
  }

  configure(rest: object): void {
    writeConfiguration({ folder: this.folder, controllerName: CONTROLLER, rest });
  }

  async start(rest: object = {}): Promise<ControllerProcess> {
    const { folder } = this;
    const options = { folder, kubeconfig: this.#kubeconfig, controllerName: CONTROLLER, namespace: OWN, rest };
    const replica = await ControllerProcess.start(options);
    this.#replicas.push(replica);
    return replica;
  }

  /** Runs another command of `sluice` against the cluster; resolves with what it says and its exit code. */
  async command(...args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [join(ROOT, 'controller/cli/sluice.mjs'), ...args], {
      env: { ...process.env, KUBECONFIG: join(this.folder, 'kubeconfig'), ENVOY_GATEWAY_NAMESPACE: OWN },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    }
    await once(child, 'close');
    return `${child.exitCode} ${text}`;
  }

  async dispose(): Promise<void> {
    for (const replica of this.#replicas) await replica.end('SIGKILL');
    await this.api.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  put(group: string, plural: string, name: string, spec: object): void {
    const namespace = plural === 'gatewayclasses' ? {} : { namespace: 'default' };
    this.api.store.put(`${group}/${plural}`, { metadata: { ...namespace, name }, spec });
  }

  status(plural: string, name: string, namespace = 'default'): string {
    return JSON.stringify(this.api.store.get(`${GATEWAY_API}/${plural}`, namespace, name)?.['status'] ?? {});
  }

  get holder(): string {
    const lease = this.api.store.get('coordination.k8s.io/leases', OWN, leaseName(CONTROLLER));
    return /"holderIdentity":"([^"]*)"/u.exec(JSON.stringify(lease ?? {}))?.[1] ?? '';
  }
}

function shop(run: ClusterRun): void {
  run.put(GATEWAY_API, 'gatewayclasses', 'sluice', { controllerName: CONTROLLER });
  run.put(GATEWAY_API, 'gateways', 'shop', {
    gatewayClassName: 'sluice',
    listeners: [
      { name: 'web', port: 80, protocol: 'HTTP' },
      { name: 'tls', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'missing' }] } },
    ],
  });
  run.put(GATEWAY_API, 'httproutes', 'app', route('app'));
}

const route = (service: string) => ({
  parentRefs: [{ name: 'shop', sectionName: 'web' }],
  rules: [{ backendRefs: [{ name: service, port: 80 }] }],
});

const POLL = { interval: 50 };

describe('sluice run on a cluster', () => {
  let run: ClusterRun | undefined;
  afterEach(() => run?.dispose());
  const begin = async (): Promise<ClusterRun> => (run = new ClusterRun(await scriptedApiServer(servedKinds)));

  it('is ready when all is read, writes statuses and Events, follows changes, and needs no more than its rules', async () => {
    const site = await begin();
    shop(site);
    const replica = await site.start();
    await expect.poll(() => replica.ready(), POLL).toBe(200);
    await expect.poll(() => site.status('gatewayclasses', 'sluice', ''), POLL).toContain('"Accepted"');
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('"BackendNotFound"');
    await expect.poll(() => site.status('gateways', 'shop'), POLL).toContain('"InvalidCertificateRef"');
    await expect
      .poll(() => JSON.stringify(site.api.store.list('/events')), POLL)
      .toContain('"reason":"BackendNotFound"');
    site.api.store.put('/services', {
      metadata: { namespace: 'default', name: 'app' },
      spec: { ports: [{ port: 80 }] },
    });
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('"ResolvedRefs","status":"True"');
    const writes = site.api.calls.filter(({ resource, verb }) => resource === 'httproutes/status' && verb === 'patch');
    expect(writes.length).toBeLessThanOrEqual(3);
    expect(site.refused).toEqual([]);
    expect(await replica.end()).toBe(0);
    expect(site.holder).toBe('');
  });

  it('keeps its word through an outage of the API server, and goes on where it was', async () => {
    const site = await begin();
    shop(site);
    const replica = await site.start();
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('"BackendNotFound"');
    await site.api.down();
    await expect.poll(() => replica.log, POLL).toContain('does not lead any more');
    expect(await replica.ready()).toBe(200);
    site.api.store.put('/services', {
      metadata: { namespace: 'default', name: 'app' },
      spec: { ports: [{ port: 80 }] },
    });
    const lists = (): number => site.api.calls.filter(({ verb }) => verb === 'list').length;
    const before = lists();
    await site.api.up();
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('"ResolvedRefs","status":"True"');
    expect(lists()).toBe(before);
  });

  it('has one writer of two replicas, and another when that one is killed', async () => {
    const site = await begin();
    shop(site);
    const first = await site.start();
    await expect.poll(() => site.holder, POLL).not.toBe('');
    const leader = site.holder;
    const second = await site.start();
    await expect.poll(() => second.ready(), POLL).toBe(200);
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('"BackendNotFound"');
    expect(site.holder).toBe(leader);
    await first.end('SIGKILL');
    await expect.poll(() => site.holder !== leader && site.holder !== '', POLL).toBe(true);
    site.put(GATEWAY_API, 'httproutes', 'late', route('app'));
    await expect.poll(() => site.status('httproutes', 'late'), POLL).toContain('"BackendNotFound"');
    const secrets = () => site.api.store.list('/secrets').map((secret) => String(metadataOf(secret)['name']));
    await expect
      .poll(() => secrets().toSorted(), POLL)
      .toEqual(['envoy-default-shop-5be479ca-certificate', 'envoy-gateway', 'sluice-ca', 'sluice-login-keys']);
    const proxies = () => site.api.store.list('apps/deployments').map((one) => metadataOf(one)['namespace']);
    await expect.poll(proxies, POLL).toEqual([OWN]);
  });

  it('has its certificates from `sluice certificates`, which leaves good ones alone', async () => {
    const site = await begin();
    const said = await site.command('certificates');
    expect(said).toMatch(/^0 Secrets sluice-system\/sluice-ca and sluice-system\/envoy-gateway are good until \d{4}-/u);
    const secrets = site.api.store.list('/secrets');
    expect(secrets.map((secret) => metadataOf(secret)['name'])).toEqual(['envoy-gateway', 'sluice-ca']);
    expect(await site.command('certificates')).toBe(said);
    expect(site.api.store.list('/secrets')).toEqual(secrets);
    site.api.script.refuse = () => 403;
    expect(await site.command('certificates')).toMatch(
      /^3 sluice certificates: Secret sluice-system\/sluice-ca cannot be read/u,
    );
  });

  it('takes a changed configuration over while it runs, and keeps the last one when the new one is wrong', async () => {
    const site = await begin();
    shop(site);
    const replica = await site.start();
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('"BackendNotFound"');
    writeFileSync(join(site.folder, 'config.yaml'), 'kind: EnvoyGateway\nnonsense: true\n');
    await expect.poll(() => replica.log, POLL).toContain('cannot be used; the last one stays in force');
    expect(await replica.ready()).toBe(200);
    site.put('gateway.envoyproxy.io', 'backends', 'out', { endpoints: [{ ip: { address: '10.1.2.3', port: 80 } }] });
    site.put(GATEWAY_API, 'httproutes', 'app', {
      parentRefs: [{ name: 'shop', sectionName: 'web' }],
      rules: [{ backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'out' }] }],
    });
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('Backends are turned off');
    site.configure({ extensionApis: { enableBackend: true } });
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('"ResolvedRefs","status":"True"');
    await expect.poll(() => replica.ready(), POLL).toBe(200);
  });

  it('makes proxies as the configuration says of all, also when that is changed while it runs', async () => {
    const site = await begin();
    shop(site);
    const envoyProxy = (replicas: number) => ({
      provider: { type: 'Kubernetes', kubernetes: { envoyDeployment: { replicas } } },
    });
    const replica = await site.start({ envoyProxy: envoyProxy(2) });
    const deployments = (): string => JSON.stringify(site.api.store.list('apps/deployments'));
    await expect.poll(deployments, POLL).toContain('"replicas":2');
    site.configure({ envoyProxy: envoyProxy(3) });
    await expect.poll(deployments, POLL).toContain('"replicas":3');
    site.configure({ envoyProxy: { ...envoyProxy(1), luaValidation: 'Disabled' } });
    await expect.poll(() => replica.log, POLL).toContain('envoyProxy.luaValidation: not implemented');
    expect(deployments()).toContain('"replicas":3');
  });

  it('logs each component from its own level on, also when that is changed while it runs', async () => {
    const site = await begin();
    shop(site);
    const level = { default: 'error', infrastructure: 'info' };
    const replica = await site.start({ logging: { level } });
    const of = (component: string): string =>
      replica.log
        .split('\n')
        .filter((line) => line.includes(`"component":"${component}"`))
        .join('\n');
    await expect.poll(() => site.status('httproutes', 'app'), POLL).toContain('"BackendNotFound"');
    expect(of('provider')).toBe('');
    site.configure({ logging: { level: { ...level, provider: 'info' } } });
    await expect.poll(() => of('provider'), POLL).toContain('this replica leads');
    expect(replica.log).not.toContain('"msg":"ready"');
    site.configure({ logging: { level: { provider: 'loud', nobody: 'info' } } });
    await expect.poll(() => replica.log, POLL).toContain('logging.level.nobody: unknown field');
  });

  it('says in the status what our schema refuses of a class and of a ListenerSet, with an Event', async () => {
    const site = await begin();
    shop(site);
    site.put(GATEWAY_API, 'gatewayclasses', 'later', { controllerName: CONTROLLER, news: 1 });
    site.put(GATEWAY_API, 'gatewayclasses', 'foreign', { controllerName: 'example.com/others', news: 1 });
    site.put(GATEWAY_API, 'listenersets', 'more', {
      parentRef: { name: 'shop' },
      listeners: [{ name: 'one', port: 81, protocol: 'HTTP', news: 1 }],
    });
    await site.start();
    const refused = '"type":"Accepted","status":"False","reason":"Invalid"';
    await expect.poll(() => site.status('gatewayclasses', 'later', ''), POLL).toContain(refused);
    await expect.poll(() => site.status('listenersets', 'more'), POLL).toContain(refused);
    expect(site.status('listenersets', 'more')).toContain('spec.listeners[0].news: unknown field');
    await expect
      .poll(() => {
        const events = JSON.stringify(site.api.store.list('/events'));
        return ['GatewayClass', 'ListenerSet'].every((kind) => events.includes(`"kind":"${kind}"`));
      }, POLL)
      .toBe(true);
    expect(site.status('gatewayclasses', 'foreign', '')).toBe('{}');
    expect(site.refused).toEqual([]);
  });

  it('refuses an EnvoyProxy that asks for an Envoy on a host, in its status and in that of its Gateway', async () => {
    const site = await begin();
    shop(site);
    site.put('gateway.envoyproxy.io', 'envoyproxies', 'host', { provider: { type: 'Host' } });
    site.put(GATEWAY_API, 'gateways', 'shop', {
      gatewayClassName: 'sluice',
      infrastructure: { parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: 'host' } },
      listeners: [{ name: 'web', port: 80, protocol: 'HTTP' }],
    });
    await site.start();
    const words = 'spec.provider.type: found Host, accepted on a cluster is Kubernetes';
    await expect.poll(() => site.status('gateways', 'shop'), POLL).toContain(words);
    const own = (): string =>
      JSON.stringify(site.api.store.get('gateway.envoyproxy.io/envoyproxies', 'default', 'host')?.['status'] ?? {});
    await expect.poll(own, POLL).toContain(words);
    expect(site.api.store.list('apps/deployments')).toEqual([]);
    expect(site.refused).toEqual([]);
  });

  it('refuses back-ends on loopback: in a cluster that is the proxy itself', async () => {
    const site = await begin();
    site.put('gateway.envoyproxy.io', 'backends', 'own', { endpoints: [{ ip: { address: '127.0.0.1', port: 80 } }] });
    await site.start({ extensionApis: { enableBackend: true } });
    const status = (): string =>
      JSON.stringify(site.api.store.get('gateway.envoyproxy.io/backends', 'default', 'own')?.['status'] ?? {});
    await expect.poll(status, POLL).toContain('which in a cluster is the proxy itself');
  });
});
