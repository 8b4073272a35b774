import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, storeOf } from './compile.ts';
import type { OpenProxy } from './infra/infra.ts';
import type { ProxyIr } from './ir/proxy.ts';
import { type Authority, issue, type KeyPair, makeAuthority } from './pki/authority.ts';
import { loadOnce } from './provider/files/load-once.ts';
import { RunningProxy, type RunningProxyOptions } from './running-proxy.ts';
import { systemClock } from './runtime/clock.ts';
import { manualClock } from './runtime/testing/manual-clock.ts';
import { ProxyConnections } from './server/proxy-connections.ts';
import { podAgent, podEnvoy } from './server/testing/pod-clients.ts';
import { createTranslator, type TranslatedProxy } from './translate.ts';
import { plainCluster, plainProxy, plainRoute } from './xds/testing/plain-proxy.ts';

const KEY = 'default/shop';
const FILTER = 'sluice.wasm/default/filter/0';
const POLL = { timeout: 60_000, interval: 20 };
const log = pino({ level: 'silent' });

const MANIFESTS = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: eg }
spec: { controllerName: ${DEFAULT_SETTINGS.controllerName} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop, namespace: default }
spec: { gatewayClassName: eg, listeners: [{ name: http, port: 8080, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all, namespace: default }
spec:
  parentRefs: [{ name: shop }]
  rules: [{ filters: [{ type: RequestRedirect, requestRedirect: { scheme: https } }] }]
`;

const WITH_FILTER = `${MANIFESTS}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata: { name: filter, namespace: default }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: all }]
  wasm: [{ name: own, code: { type: Image, image: { url: registry.example/own:v1 } } }]
`;

const NO_INFRA = { key: KEY, sockets: [], gatewayClass: 'eg', merged: false, gateways: [], parameters: undefined };

let authority: Authority;
let server: KeyPair;
let pair: KeyPair;
beforeAll(async () => {
  authority = await makeAuthority(Date.now());
  server = await issue(authority, { kind: 'server', dnsNames: ['envoy-gateway'] }, Date.now());
  pair = await issue(authority, { kind: 'proxy', key: KEY }, Date.now());
});

let folder: string;
let door: ProxyConnections;
let port: number;
let clock: ReturnType<typeof manualClock>;
const ends: (() => unknown)[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sl-running-'));
  clock = manualClock();
  door = new ProxyConnections({ identity: { ...server, trusted: authority.trusted }, clock: systemClock, log });
  port = await door.listen(0, '127.0.0.1');
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await door.close();
  rmSync(folder, { recursive: true });
});

/** What manifests are translated to while nothing that they name has been fetched. */
function translated(manifests: string): TranslatedProxy {
  const file = join(folder, 'world.yaml');
  writeFileSync(file, manifests);
  const store = storeOf(loadOnce([file]));
  const proxy = createTranslator(DEFAULT_SETTINGS)(store).proxies.get(KEY);
  if (proxy === undefined) throw new Error('the manifests make no proxy');
  return proxy;
}

/** Serves the pods of a proxy, as a controller does that knows of nothing before. */
function serve(
  { xds, infra }: TranslatedProxy,
  warms?: RunningProxyOptions['warms'],
): { readonly proxy: RunningProxy; readonly digest: string } {
  const open: OpenProxy = {
    socket: door.socketOf(KEY),
    deploy: () => undefined,
    deployed: undefined,
    envoyPid: undefined,
    restarts: { envoy: 0, sidecar: 0 },
    untilListening: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
  const proxy = new RunningProxy({
    key: KEY,
    infra: { open: () => Promise.resolve(open) },
    folder,
    log,
    serverLog: log,
    modules: { has: () => true, read: (digest) => Promise.resolve({ digest, bytes: new Uint8Array(1) }) },
    moduleOrder: 'first',
    clock,
    sidecarState: () => ({}),
    unknownKey: () => undefined,
    answered: () => undefined,
    changed: () => undefined,
    ...(warms === undefined ? {} : { warms }),
  });
  ends.push(() => proxy.stop());
  proxy.apply(xds, infra);
  return { proxy, digest: xds.policyModule?.digest ?? '' };
}

const connectionOf = (pod: string) => ({ port, pair, trusted: authority.trusted, pod });

function envoyOf(pod: string) {
  const envoy = podEnvoy(connectionOf(pod));
  ends.push(() => envoy.close());
  return envoy;
}

function agentOf(pod: string, ...files: Parameters<typeof podAgent>[1][]) {
  const agent = podAgent(connectionOf(pod), ...files);
  ends.push(() => agent.close());
  return agent;
}

describe('the pods of a proxy', () => {
  it('are each told of a module only when the agent of that very pod has confirmed it', async () => {
    const { digest } = serve(translated(MANIFESTS));
    agentOf('one', new Map([[digest, '/modules/policy.wasm']]));
    const [one, two] = [envoyOf('one'), envoyOf('two')];
    const agent = agentOf('two');
    one.ask('extension-config', ['sluice.policy']);
    await expect.poll(() => one.sent, POLL).toEqual(['extension-config +sluice.policy']);
    two.ask('extension-config', ['sluice.policy']);
    // Whatever is to come of that comes before the answer to this.
    two.ask('endpoint', ['none']);
    await expect.poll(() => two.sent, POLL).toEqual(['endpoint -none']);
    agent.ready(digest, '/modules/policy.wasm');
    await expect.poll(() => two.sent, POLL).toContain('extension-config +sluice.policy');
  });

  it('take no requests before the agent of that very pod is there', async () => {
    const { digest } = serve(translated(MANIFESTS));
    agentOf('one', new Map([[digest, '/modules/policy.wasm']]));
    const two = envoyOf('two');
    for (const type of ['cluster', 'listener'] as const) two.ask(type);
    two.ask('endpoint', ['none']);
    await expect.poll(() => two.sent, POLL).toContain('endpoint -none');
    expect(two.sent.filter((text) => text.startsWith('listener'))).toEqual([]);
    agentOf('two', new Map([[digest, '/modules/policy.wasm']]));
    await expect.poll(() => two.sent, POLL).toContain(`listener +${KEY}/http`);
  });
});

describe('a controller that knows nothing of what its proxies run', () => {
  it('takes no filter and no policy module away from an Envoy while it cannot have them itself', async () => {
    serve(translated(WITH_FILTER));
    // It has come from another controller, and its agent has not yet said what it has.
    const agent = agentOf('one');
    await expect.poll(() => agent.heard, POLL).toBeGreaterThan(0);
    const envoy = envoyOf('one');
    envoy.ask('cluster');
    envoy.ask('listener', [], { [`${KEY}/http`]: 'old' });
    envoy.ask('route', [`${KEY}/http`], { [`${KEY}/http`]: 'old' });
    envoy.ask('virtual-host', [], { [`${KEY}/http/any`]: 'old' });
    const had = [FILTER, 'sluice.policy', 'gone'];
    envoy.ask('extension-config', had, Object.fromEntries(had.map((name) => [name, 'old'])));
    const removed = (): readonly string[] => {
      clock.pass(100);
      return envoy.sent.filter((text) => text.startsWith('extension-config'));
    };
    await expect.poll(removed, POLL).not.toEqual([]);
    expect(removed()).toEqual(['extension-config -gone']);
  });
});

describe('a cluster that an Envoy warms', () => {
  it('for longer than anything else may wait is told of, once, until it has warmed', async () => {
    const { infra } = translated(MANIFESTS);
    const route = plainRoute('all', { kind: 'prefix', value: '/' }, 'site');
    const xds = {
      ...plainProxy({ address: '0.0.0.0', port: 80 }, [route], ['site']),
      key: KEY,
      policyModule: undefined,
    };
    const told: string[] = [];
    const { proxy } = serve({ xds, infra }, (clusters, gateways) =>
      told.push(`${[...clusters].join()} of ${gateways.map(({ name }) => name).join()}`),
    );
    const envoy = envoyOf('one');
    envoy.hold('cluster');
    envoy.ask('cluster');
    await expect.poll(() => envoy.sent, POLL).toEqual(['cluster +site']);
    clock.pass(1_999);
    expect([told, proxy.report().warming]).toEqual([[], new Set()]);
    clock.pass(1);
    clock.pass(60_000);
    expect([told, proxy.report().warming]).toEqual([['site of shop'], new Set(['site'])]);
    envoy.close();
    await expect.poll(() => proxy.report().warming, POLL).toEqual(new Set());
    expect(told.length).toBe(1);
  });
});

describe('rejections of many virtual hosts', () => {
  it('are told together: what stands for them is published once', async () => {
    const hostnames = ['a', 'b', 'c', 'd', 'e'];
    const routes = [plainRoute('all', { kind: 'prefix', value: '/' }, 'site')];
    const plain = plainProxy({ address: '0.0.0.0', port: 80 }, routes, ['site']);
    const chain = { kind: 'http' as const, name: 'l', tls: undefined };
    const virtualHosts = [hostnames.map((hostname) => ({ hostname, routes }))];
    const listeners = plain.listeners.map((listener) => ({ ...listener, chains: [[{ ...chain, virtualHosts }]] }));
    const at = { path: '/response_headers_to_add', jsonPath: "$.virtual_hosts[?(@.name!='l/c')]" };
    const operations = [{ index: 0, op: 'add', at, value: [{ header: { key: 'x-bad', value: 'yes' } }] }] as const;
    const good = { ...plain, key: KEY, policyModule: undefined, listeners };
    const { proxy } = serve({ xds: good, infra: NO_INFRA });
    agentOf('one');
    const envoy = envoyOf('one');
    envoy.refuse('x-bad');
    for (const type of ['cluster', 'listener', 'virtual-host'] as const) envoy.ask(type);
    envoy.ask('endpoint', ['site']);
    envoy.ask('route', ['l']);
    const hosts = (): readonly string[] => envoy.sent.filter((text) => text.startsWith('virtual-host'));
    await expect.poll(hosts, POLL).toEqual(['virtual-host +l/a +l/b +l/c +l/d +l/e']);
    proxy.apply({ ...good, patches: [{ type: 'route', name: 'l', policy: 'default/patch', operations }] }, NO_INFRA);
    const searched = ['+l/a +l/b', '+l/a', '+l/b', '+l/d +l/e', '+l/d', '+l/e'];
    const all = '+l/a +l/b +l/d +l/e';
    await expect
      .poll(() => hosts().slice(1), POLL)
      .toEqual([all, ...searched, all].map((names) => `virtual-host ${names}`));
    expect(proxy.report().rejected.map(({ name }) => name)).toEqual(['l/a', 'l/b', 'l/d', 'l/e']);
  });
});

describe('a rejection that comes late', () => {
  const HOST = `${KEY}/http/any`;

  /** A configuration whose virtual host is patched to answer with a header. */
  const answering = (xds: ProxyIr, header: string): ProxyIr => {
    const at = { path: '/virtual_hosts/0/response_headers_to_add', jsonPath: undefined };
    const value = [{ header: { key: header, value: 'yes' } }];
    const operations = [{ index: 0, op: 'add', at, value }] as const;
    return { ...xds, patches: [{ type: 'route', name: `${KEY}/http`, policy: 'default/patch', operations }] };
  };

  /** A configuration with a user's filter that is told that it is called so. */
  const calling = (pluginName: string): ProxyIr => {
    const filter = { name: 'default/filter/0', index: 0, pluginName, rootId: '', config: undefined, hostKeys: [] };
    const wasm = [{ ...filter, module: { digest: 'own' }, failOpen: false }];
    const route = { ...plainRoute('all', { kind: 'prefix', value: '/' }, 'site'), features: { wasm } };
    return { ...plainProxy({ address: '0.0.0.0', port: 80 }, [route], ['site']), key: KEY, policyModule: undefined };
  };

  const told = ({ sent }: { readonly sent: readonly string[] }, what: string): number =>
    sent.filter((text) => text === what).length;

  const SITE = plainProxy({ address: '0.0.0.0', port: 80 }, [], ['site']);
  /** Configurations by the kind of a resource that says a number, which is called so, and without that resource. */
  const SAYING = {
    cluster: {
      name: 'site',
      as: (connectTimeout: number) => ({ clusters: [[{ ...plainCluster('site'), settings: { connectTimeout } }]] }),
      gone: { clusters: [] },
    },
    endpoint: {
      name: 'site',
      as: (value: number) => {
        const addresses = [{ kind: 'ip', address: '127.0.0.1', port: value } as const];
        return { endpoints: [[{ cluster: 'site', addresses }]] };
      },
      gone: { endpoints: [] },
    },
    listener: {
      name: 'l',
      as: (value: number) => ({ listeners: SITE.listeners.map((listener) => ({ ...listener, port: value })) }),
      gone: { listeners: [] },
    },
    route: {
      name: 'l',
      as: (value: number) => {
        const at = { path: '/max_direct_response_body_size_bytes', jsonPath: undefined };
        const operations = [{ index: 0, op: 'add', at, value }] as const;
        return { patches: [{ type: 'route', name: 'l', policy: 'default/patch', operations } as const] };
      },
      gone: { listeners: [] },
    },
    secret: {
      name: 'ca',
      as: (value: number) => ({ secrets: [{ kind: 'trust', name: 'ca', certificates: String(value) } as const] }),
      gone: { secrets: [] },
    },
  } as const;

  describe.each(['cluster', 'endpoint', 'listener', 'route', 'secret'] as const)('of one %s', (type) => {
    const { name, as, gone } = SAYING[type];
    const base = { ...SITE, key: KEY, policyModule: undefined };

    /** An Envoy that is yet to say that it rejects the second version of the resource. */
    const held = async () => {
      const { proxy } = serve({ xds: { ...base, ...as(1) }, infra: NO_INFRA });
      agentOf('one');
      const envoy = envoyOf('one');
      for (const kind of ['cluster', 'listener', 'virtual-host'] as const) envoy.ask(kind);
      for (const kind of ['endpoint', 'route', 'secret'] as const) envoy.ask(kind, [SAYING[kind].name]);
      const resource = () => proxy.report().snapshot[type].get(name);
      const isTaken = (): boolean => {
        const wanted = resource();
        return wanted !== undefined && proxy.report().acknowledged(type, wanted);
      };
      await expect.poll(() => isTaken() && told(envoy, 'virtual-host +l/any') === 1, POLL).toBe(true);
      const before = told(envoy, `${type} +${name}`);
      envoy.hold(type);
      proxy.apply({ ...base, ...as(2) }, NO_INFRA);
      await expect.poll(() => told(envoy, `${type} +${name}`), POLL).toBe(before + 1);
      return {
        proxy,
        resource,
        isTaken,
        reject: async () => {
          envoy.reject();
          // What comes after it has been heard when this is answered.
          envoy.ask('endpoint', ['none']);
          await expect.poll(() => envoy.sent.join(), POLL).toContain('-none');
        },
      };
    };

    it('says nothing of the version that has been mended meanwhile', async () => {
      const { proxy, resource, isTaken, reject } = await held();
      proxy.apply({ ...base, ...as(3) }, NO_INFRA);
      const mended = resource()?.version;
      await reject();
      expect(proxy.report().rejected).toEqual([]);
      expect(resource()?.version).toBe(mended);
      await expect.poll(isTaken, POLL).toBe(true);
    });

    it('is nothing to tell of where nobody wants it any more', async () => {
      const { proxy, reject } = await held();
      proxy.apply({ ...base, ...gone }, NO_INFRA);
      await reject();
      expect(proxy.report().rejected).toEqual([]);
    });

    it('counts where that version is wanted again', async () => {
      const { proxy, reject } = await held();
      proxy.apply({ ...base, ...as(3) }, NO_INFRA);
      proxy.apply({ ...base, ...as(2) }, NO_INFRA);
      await reject();
      expect(proxy.report().rejected).toMatchObject([{ type, name, message: 'not that' }]);
    });
  });

  it('of a virtual host does not blame the patches that it has by now', async () => {
    const { xds, infra } = translated(MANIFESTS);
    const { proxy, digest } = serve({ xds, infra });
    agentOf('one', new Map([[digest, '/modules/policy.wasm']]));
    const envoy = envoyOf('one');
    for (const type of ['cluster', 'listener', 'virtual-host'] as const) envoy.ask(type);
    envoy.ask('route', [`${KEY}/http`]);
    envoy.ask('extension-config', ['sluice.policy']);
    const host = () => proxy.report().snapshot['virtual-host'].get(HOST);
    const isTaken = (): boolean => {
      const wanted = host();
      return wanted !== undefined && proxy.report().acknowledged('virtual-host', wanted);
    };
    await expect.poll(isTaken, POLL).toBe(true);
    envoy.hold('virtual-host');
    proxy.apply(answering(xds, ':path'), infra);
    await expect.poll(() => told(envoy, `virtual-host +${HOST}`), POLL).toBe(2);
    proxy.apply(answering(xds, 'x-good'), infra);
    const mended = host()?.version;
    envoy.reject();
    await expect.poll(isTaken, POLL).toBe(true);
    expect(host()?.version).toBe(mended);
    expect(proxy.report().rejected).toEqual([]);
  });

  it("of a user's filter leaves the version that serves instead, and the one that is wanted by now", async () => {
    const { infra } = translated(MANIFESTS);
    const { proxy } = serve({ xds: calling('first'), infra });
    const pods = ['one', 'two'] as const;
    for (const pod of pods) agentOf(pod, new Map([['own', '/modules/own.wasm']]));
    const [one, two] = [envoyOf('one'), envoyOf('two')];
    const config = () => proxy.report().snapshot['extension-config'].get(FILTER);
    const isTaken = (): boolean => {
      const wanted = config();
      return wanted !== undefined && proxy.report().acknowledged('extension-config', wanted);
    };
    for (const envoy of [one, two]) {
      for (const type of ['cluster', 'listener', 'virtual-host'] as const) envoy.ask(type);
      envoy.ask('endpoint', ['site']);
      envoy.ask('route', ['l']);
      envoy.ask('extension-config', [FILTER]);
      await expect.poll(() => told(envoy, 'virtual-host +l/any'), POLL).toBe(1);
    }
    await expect.poll(isTaken, POLL).toBe(true);
    const first = config()?.version;

    for (const envoy of [one, two]) envoy.hold('extension-config');
    proxy.apply(calling('bad'), infra);
    for (const envoy of [one, two]) {
      await expect.poll(() => told(envoy, `extension-config +${FILTER}`), POLL).toBe(2);
    }
    one.reject();
    await expect.poll(() => proxy.report().rejected.length, POLL).toBe(1);
    expect(config()?.version).toBe(first);
    two.reject();
    await expect.poll(isTaken, POLL).toBe(true);
    expect(config()?.version).toBe(first);

    one.hold('extension-config');
    proxy.apply(calling('worse'), infra);
    await expect.poll(() => told(one, `extension-config +${FILTER}`), POLL).toBe(4);
    proxy.apply(calling('good'), infra);
    const mended = config()?.version;
    one.reject();
    await expect.poll(isTaken, POLL).toBe(true);
    expect(config()?.version).toBe(mended);
    expect(proxy.report().rejected).toEqual([]);
  });
});
