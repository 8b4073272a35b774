import { parse } from 'yaml';
import { afterEach, describe, expect, it } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { findKind } from '#controller/api/registry.ts';
import { parseApiVersion } from '#controller/api/kind.ts';
import type { ApiObject } from '#controller/kubernetes/reflector.ts';
import { metadataOf } from '#controller/kubernetes/testing/object-store.ts';
import { type ScriptedApiServer, scriptedApiServer } from '#controller/kubernetes/testing/scripted-api-server.ts';
import { servedKinds } from '#controller/kubernetes/testing/served-kinds.ts';
import { systemClock } from '#controller/runtime/clock.ts';
import { brief, describeProviderContract, upserts } from '../contract.ts';
import type { ResourceBatch, Stop } from '../provider.ts';
import { kubernetesProvider, type KubernetesProviderOptions } from './kubernetes-provider.ts';

/** Puts an object into a server, as a client does; its namespace is `default` unless it names one. */
function put(api: ScriptedApiServer, document: string): string {
  const object: unknown = parse(document);
  if (!isObject(object)) throw new Error('no object');
  const { group = '' } = parseApiVersion(String(object['apiVersion'])) ?? {};
  const kind = findKind(group, String(object['kind']));
  if (kind === undefined) throw new Error('no such kind');
  const table = `${group}/${kind.plural}`;
  const metadata = { ...(kind.scope === 'Cluster' ? {} : { namespace: 'default' }), ...metadataOf(object) };
  api.store.put(table, { ...object, metadata });
  return `${table} ${'namespace' in metadata ? metadata.namespace : ''} ${String(metadataOf(object)['name'])}`;
}

function drop(api: ScriptedApiServer, id: string): void {
  const [table = '', namespace = '', name = ''] = id.split(' ');
  api.store.delete(table, namespace, name);
}

const options = (api: ScriptedApiServer): KubernetesProviderOptions => ({
  server: api.client(),
  watched: { kind: 'all' },
  clock: systemClock,
  random: () => 0,
  health: { fine: () => undefined, failed: () => undefined },
  // What a change refers to comes in its batch, however busy this machine is.
  pace: { hold: 60_000 },
});

describeProviderContract('the Kubernetes provider', async () => {
  const api = await scriptedApiServer(servedKinds);
  const written = new Map<string, readonly string[]>();
  return {
    provider: kubernetesProvider(options(api)),
    write: (name, documents) => {
      const before = written.get(name) ?? [];
      const now = documents.map((document) => put(api, document));
      written.set(name, now);
      for (const id of before) if (!now.includes(id)) drop(api, id);
      return Promise.resolve();
    },
    remove: (name) => {
      const gone = written.get(name) ?? [];
      written.delete(name);
      const left = new Set([...written.values()].flat());
      for (const id of gone) if (!left.has(id)) drop(api, id);
      return Promise.resolve();
    },
    dispose: () => api.close(),
  };
});

const secret = (name: string, value: string, namespace = 'default') => `apiVersion: v1
kind: Secret
metadata: { name: ${name}, namespace: ${namespace} }
data: { key: ${Buffer.from(value).toString('base64')} }
`;

const gateway = (certificate: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop }
spec:
  gatewayClassName: eg
  listeners:
  - { name: https, port: 443, protocol: HTTPS, tls: { certificateRefs: [{ name: ${certificate} }] } }
`;

const GUARD = `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: guard }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: shop }]
  authorization: { defaultAction: Deny }
`;

describe('the Kubernetes provider', () => {
  let api: ScriptedApiServer | undefined;
  let stop: Stop | undefined;
  afterEach(async () => {
    await stop?.();
    await api?.close();
  });

  async function begin(documents: readonly string[], changed: Partial<KubernetesProviderOptions> = {}) {
    const server = await scriptedApiServer(servedKinds);
    api = server;
    for (const document of documents) put(server, document);
    const batches: ResourceBatch[] = [];
    const start = async (): Promise<void> => {
      stop = await kubernetesProvider({ ...options(server), ...changed }).start((batch) => batches.push(batch));
    };
    const told = (): readonly string[] => batches.flat().map(brief);
    return { server, batches, start, told };
  }

  it('reads Secrets and ConfigMaps only when something refers to them, in the batch of what does', async () => {
    const { server, batches, start, told } = await begin([secret('used', 'a'), secret('other', 'b'), gateway('used')]);
    await start();
    expect(told()).toEqual([
      'upsert gateway.networking.k8s.io/Gateway/default/shop',
      'upsert /Secret/default/used',
      'synced',
    ]);
    put(server, gateway('other'));
    await expect.poll(() => batches.length).toBe(2);
    expect(batches[1]?.map(brief).sort()).toEqual([
      'delete /Secret/default/used',
      'upsert /Secret/default/other',
      'upsert gateway.networking.k8s.io/Gateway/default/shop',
    ]);
    const read = server.calls.filter(({ resource, verb }) => resource === 'secrets' && verb === 'get');
    expect(read.map(({ name }) => name)).toEqual(['used', 'other']);
  });

  it('tells of a Secret that comes late, changes and goes', async () => {
    const { server, start, told } = await begin([gateway('late')]);
    await start();
    put(server, secret('late', 'a'));
    await expect.poll(() => told().at(-1)).toBe('upsert /Secret/default/late');
    const before = told().length;
    put(server, secret('late', 'b'));
    await expect.poll(() => told().length).toBe(before + 1);
    server.store.delete('/secrets', 'default', 'late');
    await expect.poll(() => told().at(-1)).toBe('delete /Secret/default/late');
  });

  it('does not wait for a Secret that it may not read, and takes it once it may', async () => {
    const { server, start, told } = await begin([secret('used', 'a'), gateway('used')]);
    server.script.refuse = ({ resource, verb }) => (resource === 'secrets' && verb === 'get' ? 403 : undefined);
    await start();
    expect(told()).toEqual(['upsert gateway.networking.k8s.io/Gateway/default/shop', 'synced']);
    server.script.refuse = () => undefined;
    await expect.poll(() => told().at(-1)).toBe('upsert /Secret/default/used');
  });

  it('keeps policies of a namespace that is being deleted in force until it is gone: what they guard may go later', async () => {
    const namespace = (more: string) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: default${more} }\n`;
    const { server, start, told } = await begin([namespace(''), GUARD, gateway('absent')]);
    await start();
    const ofNamespace = (): number => told().filter((text) => text === 'upsert /Namespace//default').length;
    expect(ofNamespace()).toBe(1);
    put(server, namespace(', deletionTimestamp: "2026-01-01T00:00:00Z"'));
    // Watches of several kinds say nothing of what came first.
    await expect.poll(ofNamespace).toBe(2);
    drop(server, 'gateway.envoyproxy.io/securitypolicies default guard');
    drop(server, 'gateway.networking.k8s.io/gateways default shop');
    await expect.poll(() => told().at(-1)).toBe('delete gateway.networking.k8s.io/Gateway/default/shop');
    expect(told().filter((text) => text.startsWith('delete'))).toHaveLength(1);
    drop(server, '/namespaces  default');
    await expect.poll(() => told()).toContain('delete gateway.envoyproxy.io/SecurityPolicy/default/guard');
  });

  describe('keeps a policy that is gone in force for what it guards, whatever of the two is heard of first', () => {
    const SHOP = 'gateway.networking.k8s.io/gateways default shop';
    const POLICY = 'gateway.envoyproxy.io/securitypolicies default guard';
    const gone = {
      guard: 'delete gateway.envoyproxy.io/SecurityPolicy/default/guard',
      shop: `delete gateway.networking.k8s.io/Gateway/default/shop`,
    };
    const namespace = (more: string) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: default, ${more} }\n`;
    const watched = { kind: 'selector', selector: { matchLabels: { team: 'a' } } } as const;
    const asked = ({ calls }: ScriptedApiServer): number =>
      calls.filter(({ resource, verb }) => resource === 'namespaces' && verb === 'list').length;
    /** Until something that comes after what was written has been told, and the namespace has been asked for. */
    const heard = async ({ server, told }: Awaited<ReturnType<typeof begin>>, name: string): Promise<void> => {
      put(server, gateway('absent').replace('name: shop', `name: ${name}`));
      await expect.poll(told).toContain(`upsert gateway.networking.k8s.io/Gateway/default/${name}`);
      await expect.poll(() => asked(server)).toBeGreaterThan(1);
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    };

    it('where its namespace is not selected any more: both go at once', async () => {
      const begun = await begin([namespace('labels: { team: a }'), GUARD, gateway('absent')], { watched });
      const { server, start, told, batches } = begun;
      await start();
      const flow = server.stall('/namespaces');
      put(server, namespace('labels: { team: b }'));
      drop(server, POLICY);
      await heard(begun, 'later');
      expect(told()).not.toContain(gone.guard);
      flow();
      await expect.poll(told).toContain(gone.guard);
      expect(batches.find((batch) => batch.map(brief).includes(gone.guard))?.map(brief)).toContain(gone.shop);
    });

    it('where its namespace is being deleted', async () => {
      const begun = await begin([namespace(''), GUARD, gateway('absent')]);
      const { server, start, told } = begun;
      await start();
      const flow = server.stall('/namespaces');
      put(server, namespace('deletionTimestamp: "2026-01-01T00:00:00Z"'));
      drop(server, POLICY);
      await heard(begun, 'later');
      drop(server, SHOP);
      await expect.poll(told).toContain(gone.shop);
      drop(server, 'gateway.networking.k8s.io/gateways default later');
      drop(server, '/namespaces  default');
      expect(told()).not.toContain(gone.guard);
      flow();
      await expect.poll(told).toContain(gone.guard);
    });

    it('where its namespace is gone, and what it guards is not known to be', async () => {
      const { server, start, told } = await begin([namespace(''), GUARD, gateway('absent')]);
      await start();
      const flow = server.stall('gateway.networking.k8s.io/gateways');
      put(server, namespace('deletionTimestamp: "2026-01-01T00:00:00Z"'));
      drop(server, POLICY);
      drop(server, SHOP);
      drop(server, '/namespaces  default');
      await expect.poll(told).toContain('delete /Namespace//default');
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
      expect(told()).not.toContain(gone.guard);
      flow();
      await expect.poll(told).toContain(gone.guard);
      expect(told()).toContain(gone.shop);
    });

    it('but lets one go that is gone by itself, as soon as the API server says so, and takes one that is there again', async () => {
      const { server, start, told } = await begin([namespace(''), GUARD, gateway('absent')]);
      await start();
      let refusals = 0;
      server.script.refuse = ({ resource, verb }) =>
        resource === 'namespaces' && verb === 'list' && (refusals += 1) < 3 ? 503 : undefined;
      drop(server, POLICY);
      await expect.poll(() => refusals).toBe(1);
      expect(told()).not.toContain(gone.guard);
      await expect.poll(told).toContain(gone.guard);
      expect(refusals).toBe(3);
      refusals = 0;
      put(server, GUARD);
      const before = told().length;
      drop(server, POLICY);
      put(server, GUARD.replace('Deny', 'Allow'));
      await expect.poll(() => refusals).toBe(3);
      await expect.poll(() => told().length).toBeGreaterThan(before);
      put(server, gateway('absent').replace('name: shop', 'name: later'));
      await expect.poll(told).toContain('upsert gateway.networking.k8s.io/Gateway/default/later');
      expect(told().filter((line) => line === gone.guard)).toHaveLength(1);
    });
  });

  it('keeps what it told through an outage and a server that has forgotten what happened', async () => {
    const { server, start, told, batches } = await begin([secret('used', 'a'), gateway('used')]);
    await start();
    await server.down();
    server.store.delete('/secrets', 'default', 'used');
    put(server, secret('used', 'a'));
    put(server, gateway('used').replace('port: 443', 'port: 444'));
    server.store.compact();
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    expect(batches).toHaveLength(1);
    await server.up();
    await expect.poll(() => told().length).toBeGreaterThan(4);
    // The Secret is another object with the same content: it was made anew.
    expect(told().slice(3).sort()).toEqual([
      'upsert /Secret/default/used',
      'upsert gateway.networking.k8s.io/Gateway/default/shop',
    ]);
  });

  it('is silent about writes that change nothing that is read: statuses, managed fields, what kubectl remembers', async () => {
    const { server, batches, start } = await begin([gateway('none')]);
    await start();
    const table = 'gateway.networking.k8s.io/gateways';
    const shop = server.store.get(table, 'default', 'shop') ?? {};
    server.store.put(table, { ...shop, status: { conditions: [] } });
    const noise = {
      managedFields: [{ manager: 'kubectl' }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    };
    server.store.put(table, { ...shop, metadata: { ...metadataOf(shop), ...noise, annotations: noise.annotations } });
    put(server, gateway('none').replace('shop', 'second'));
    await expect.poll(() => batches.flat().map(brief).at(-1)).toContain('second');
    const shops = upserts(batches).filter(({ key }) => key.endsWith('/shop'));
    // An annotation makes metadata have annotations; the object is told again at most for that.
    expect(shops.length).toBeLessThanOrEqual(2);
    expect(JSON.stringify(shops)).not.toContain('last-applied');
  });

  it('takes objects of newer clusters with fields that nobody here knows, and refuses them of our own kinds', async () => {
    const { batches, start } = await begin([
      `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80, lanes: 3 }], selector: { app: web }, trafficShape: Round, sessionAffinity: Sometimes }
`,
      `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: b }
spec: { endpoints: [{ fqdn: { hostname: a.example, port: 80, lanes: 3 } }] }
`,
    ]);
    await start();
    expect(upserts(batches).map(({ resource }) => resource)).toMatchObject([
      { kind: 'Service', spec: { type: 'ClusterIP', ports: [{ port: 80 }] } },
    ]);
    expect(batches.flat()).toContainEqual(
      expect.objectContaining({
        kind: 'problem',
        id: expect.stringMatching(/^cluster: Backend default\/b: spec.endpoints\[0\].fqdn.lanes: /u),
      }),
    );
  });

  it('takes old versions where a cluster serves no newer one', async () => {
    const { server, batches, start } = await begin([]);
    server.install({ group: 'gateway.networking.k8s.io', versions: ['v1beta1'], plural: 'gateways', kind: 'Gateway' });
    put(server, gateway('none'));
    await start();
    expect(upserts(batches)[0]?.resource.apiVersion).toBe('gateway.networking.k8s.io/v1');
  });

  it('begins without kinds that are not installed, and uses them as soon as their definition comes', async () => {
    const { server, start, told } = await begin([]);
    const kind = { group: 'gateway.networking.k8s.io', versions: ['v1'], plural: 'gateways', kind: 'Gateway' };
    server.uninstall(kind);
    await start();
    server.install(kind);
    put(server, gateway('none'));
    server.store.put('apiextensions.k8s.io/customresourcedefinitions', {
      metadata: { name: 'gateways.gateway.networking.k8s.io' },
    });
    await expect.poll(told).toContain('upsert gateway.networking.k8s.io/Gateway/default/shop');
    server.uninstall(kind);
    await expect.poll(told).toContain('delete gateway.networking.k8s.io/Gateway/default/shop');
  });

  it('reads only the namespaces that it is told to, each by itself', async () => {
    const { server, start, told } = await begin(
      [gateway('used'), secret('used', 'a'), gateway('x').replace('name: shop', 'name: shop, namespace: other')],
      { watched: { kind: 'namespaces', names: ['default'] } },
    );
    await start();
    expect(told().filter((line) => line.includes('Gateway/'))).toEqual([
      'upsert gateway.networking.k8s.io/Gateway/default/shop',
    ]);
    const wide = (): readonly string[] =>
      server.calls
        .filter(({ namespace, verb }) => namespace === undefined && verb === 'list')
        .map(({ resource }) => resource)
        .sort();
    await expect.poll(wide).toEqual(['customresourcedefinitions', 'gatewayclasses', 'namespaces']);
  });

  it('follows the labels of namespaces where a selector chooses them', async () => {
    const namespace = (labels: string) => `apiVersion: v1
kind: Namespace
metadata: { name: default, labels: { ${labels} } }
`;
    const watched = { kind: 'selector', selector: { matchLabels: { team: 'a' } } } as const;
    const { server, start, told } = await begin([namespace('team: b'), gateway('used'), secret('used', 'a')], {
      watched,
    });
    await start();
    expect(told()).toEqual(['upsert /Namespace//default', 'synced']);
    put(server, namespace('team: a'));
    await expect.poll(told).toContain('upsert gateway.networking.k8s.io/Gateway/default/shop');
    await expect.poll(told).toContain('upsert /Secret/default/used');
    put(server, namespace('team: c'));
    await expect.poll(told).toContain('delete gateway.networking.k8s.io/Gateway/default/shop');
    await expect.poll(told).toContain('delete /Secret/default/used');
  });

  it('lets an observer know of what passes by in namespaces that are not selected, apart from what is read', async () => {
    const watched = { kind: 'selector', selector: { matchLabels: { team: 'a' } } } as const;
    const seen: string[] = [];
    const told = (how: string, namespace: string | undefined, name: string): void => {
      if (namespace !== undefined) seen.push(`${how} ${namespace}/${name}`);
    };
    const observer = {
      seen: ({ metadata }: ApiObject) => told('seen', metadata.namespace, metadata.name),
      passed: ({ metadata }: ApiObject) => told('passed', metadata.namespace, metadata.name),
      gone: (_: string, metadata: ApiObject['metadata']) => told('gone', metadata.namespace, metadata.name),
      listed: () => undefined,
    };
    const namespace = `apiVersion: v1\nkind: Namespace\nmetadata: { name: default, labels: { team: a } }\n`;
    const other = gateway('absent').replace('name: shop', 'name: shop, namespace: other');
    const { server, start } = await begin([namespace, gateway('absent'), other], { watched, observer });
    await start();
    expect(seen).toEqual(['seen default/shop', 'passed other/shop']);
    drop(server, 'gateway.networking.k8s.io/gateways other shop');
    await expect.poll(() => seen.at(-1)).toBe('gone other/shop');
  });

  it('tells nothing of a namespace that comes to be selected before the policies that are in it', async () => {
    const namespace = (labels: string) => `apiVersion: v1
kind: Namespace
metadata: { name: default, labels: { ${labels} } }
`;
    const watched = { kind: 'selector', selector: { matchLabels: { team: 'a' } } } as const;
    const { server, start, told } = await begin([namespace('team: b'), GUARD, gateway('absent')], { watched });
    await start();
    let refusals = 0;
    server.script.refuse = ({ resource, verb }) =>
      resource === 'securitypolicies' && verb === 'list' && (refusals += 1) < 4 ? 429 : undefined;
    put(server, namespace('team: a'));
    const policy = 'upsert gateway.envoyproxy.io/SecurityPolicy/default/guard';
    const shop = 'upsert gateway.networking.k8s.io/Gateway/default/shop';
    await expect.poll(told, { timeout: 20_000 }).toContain(shop);
    expect(refusals).toBeGreaterThan(3);
    expect(told().indexOf(policy)).toBeGreaterThan(0);
    expect(told().indexOf(policy)).toBeLessThan(told().indexOf(shop));
  });

  it('starts when the API server does', async () => {
    const { server, start, told } = await begin([gateway('none')]);
    await server.down();
    const starting = start();
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    expect(told()).toEqual([]);
    await server.up();
    await starting;
    expect(told().at(-1)).toBe('synced');
  });
});
