/** Users' filters in pods of a proxy: modules out of real registries, processors in the cluster and in the pod. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isMap, parse, parseAllDocuments, stringify } from 'yaml';
import { ROOT } from '#deploy/setup/node24.mjs';
import { listenOnSocket } from '#extproc/grpc/unix-server.ts';
import { defineProcessor } from '#extproc/processor/define-processor.ts';
import { continueWith, respondWith } from '#extproc/processor/results.ts';
import { extProcService } from '#extproc/stream/service.ts';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { listen } from '../listening.ts';
import { sluice } from '../process/sluice.ts';
import { ALICE, type RealRegistry, REGISTRY_IS_THERE, startRegistry } from '../registry/real-registry.ts';
import { selfSigned } from '../seeds/self-signed.ts';
import { connectCluster } from './control-plane.ts';
import { GatewaySite, routeTo, shopOf, until } from './gateway-site.ts';
import {
  ask,
  envoyAdmin,
  inside,
  keepAsking,
  nameOf,
  PARAMETERS,
  POD_PORT,
  policyOn,
  processOf,
  proxySettings,
  reasonOf,
  serviceOn,
  untilAnswered,
} from './policy-site.ts';
import { sendSteadily } from './steady-traffic.ts';

const EXAMPLE = join(ROOT, 'deploy/examples/wasm/filter');
const POLICY = join(ROOT, 'build/filters/policy');
/** A registry that has an image of the `policy` module, by the name that its mirror is for. */
const MIRRORED = 'images.example';
const people = issuer('ES256', 'one');

let site: GatewaySite;
let folder = '';
let address = '';
/** "<host>:<port>" of the private registry. */
let registry = '';
const stops: (() => Promise<unknown> | void)[] = [];
const registries: RealRegistry[] = [];

const atPods = async (path: string): Promise<readonly string[]> =>
  [...(await site.podsOf('shop')).values()].map((pod) => `http://${pod}:${POD_PORT}${path}`);
const at = (path: string): string => `http://${address}${path}`;
const atAll = async (path: string, isSo: (answer: Awaited<ReturnType<typeof ask>>) => boolean): Promise<void> => {
  for (const url of await atPods(path)) await until(`${url} is as wished`, async () => isSo(await ask(url)));
};

/** A policy with the example's filter, out of the private registry. */
const filtered = (name: string, image: object = {}, tag = 'v1'): string =>
  routeTo(site.app, name, `/${name}`) +
  policyOn(site.app, 'EnvoyExtensionPolicy', name, {
    wasm: [
      {
        name: 'custom',
        code: {
          type: 'Image',
          image: {
            url: `${registry}/filters/custom:${tag}`,
            tls: { caCertificateRef: { group: '', kind: 'ConfigMap', name: 'registry-ca' } },
            ...image,
          },
        },
        config: { value: name },
      },
    ],
  });

const pullSecret = (namespace: string, name: string, password: string): string => `
${JSON.stringify({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  type: 'kubernetes.io/dockerconfigjson',
  stringData: { '.dockerconfigjson': dockerConfig(password) },
})}
---`;

const dockerConfig = (password: string): string =>
  JSON.stringify({
    auths: { [registry]: { auth: Buffer.from(`${ALICE.username}:${password}`).toString('base64') } },
  });

/** Pushes what `sluice filter` takes, as Alice. */
async function push(reference: string, source: string, config: object, more: readonly string[] = []): Promise<void> {
  const file = join(folder, 'push.yaml');
  const head = { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyGateway' };
  writeFileSync(file, stringify({ ...head, sluice: config }));
  const pushed = await sluice(['filter', 'push', reference, source, '--config', file, ...more]);
  if (pushed.code !== 0) throw new Error(pushed.stderr);
}

/** Starts both registries and fills them. */
async function fillRegistries(certificate: string, key: string): Promise<readonly [RealRegistry, RealRegistry]> {
  const own = await startRegistry({ isPrivate: true, isOpen: true, identity: { certificate, key } });
  stops.push(() => own.stop());
  const open = await startRegistry({ isOpen: true });
  stops.push(() => open.stop());
  writeFileSync(join(folder, 'ca.pem'), certificate);
  writeFileSync(join(folder, 'config.json'), dockerConfig(ALICE.password));
  process.env['DOCKER_CONFIG'] = folder;
  const image = join(folder, 'image');
  const built = await sluice(['filter', 'build', EXAMPLE, '--out', image]);
  if (built.code !== 0) throw new Error(built.stderr);
  const access = { caBundle: 'ca.pem', resolverOverrides: { [registry]: own.host } };
  await push(`${registry}/filters/custom:v1`, image, access);
  await push(`${open.host}/policy:next`, rebuiltPolicy(), {}, []);
  return [own, open];
}

/** The `policy` module as another build has it: a custom section more, and so another digest. */
function rebuiltPolicy(): string {
  const [file = ''] = readdirSync(join(POLICY, 'blobs/sha256'))
    .map((name) => join(POLICY, 'blobs/sha256', name))
    .filter((path) => readFileSync(path).subarray(0, 4).equals(Buffer.from('\0asm')));
  // Section 0, of 5 bytes, whose name has 4 (WebAssembly 1.0, "Custom Section").
  const section = Buffer.concat([Buffer.from([0, 5, 4]), Buffer.from('next')]);
  const path = join(folder, 'policy.wasm');
  writeFileSync(path, Buffer.concat([readFileSync(file), section]));
  return path;
}

/** A processor on TCP, as one of any language is: the host of ours listens on a socket, to which a port leads. */
async function startProcessor(): Promise<number> {
  const processor = defineProcessor({
    onRequestHeaders: ({ headers }) =>
      headers.get('x-blocked') === undefined
        ? continueWith({ headers: { set: { 'x-processed': 'yes' } } })
        : respondWith({ status: 403, body: 'not you\n' }),
  });
  const socket = join(folder, 'processor.sock');
  const select = () => ({ kind: 'selected', processor, policy: undefined }) as const;
  const listening = await listenOnSocket(socket, [extProcService(select, pino({ level: 'silent' }))]);
  if (listening.kind !== 'listening') throw new Error(listening.message);
  const server = createServer((client) => {
    const upstream = connect(socket);
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  const { port, stop } = await listen(server, { host: '0.0.0.0', port: 0 });
  stops.push(async () => {
    await stop();
    await listening.server.drain(0);
  });
  return port;
}

/** What the page on policies of a cluster shows: processors in every pod. */
const EXAMPLE_OF_PROCESSORS = join(ROOT, 'deploy/examples/kubernetes/processors.yaml');

/** The documents of the example, where this installation has them, and how it changes the Deployment of a proxy. */
function processors({ app, system }: GatewaySite): { readonly manifests: string; readonly deployment: object } {
  const documents = parseAllDocuments(readFileSync(EXAMPLE_OF_PROCESSORS, 'utf8'));
  const manifests: string[] = [];
  let deployment: object = {};
  for (const document of documents) {
    const kind = document.get('kind');
    document.setIn(['metadata', 'namespace'], kind === 'ConfigMap' ? system : app);
    const patched = document.getIn(['spec', 'provider', 'kubernetes', 'envoyDeployment']);
    if (isMap(patched)) deployment = patched.toJS(document);
    else manifests.push(document.toString());
  }
  return { manifests: `\n${manifests.join('\n---\n')}\n---`, deployment };
}

describe.skipIf(!REGISTRY_IS_THERE)('users’ filters', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sl-filters-'));
    const name = 'filters';
    registry = `registry.${name}.svc.cluster.local:5000`;
    site = await GatewaySite.install(connectCluster(inject('cluster')), { name });
    stops.push(() => site.remove());
    const { 'tls.crt': certificate, 'tls.key': key } = selfSigned(`registry.${name}.svc.cluster.local`);
    const [closed, open] = await fillRegistries(certificate, key);
    registries.push(closed, open);
    const processorPort = await startProcessor();
    const { app, system } = site;
    const own = processors(site);
    const portOf = ({ host }: RealRegistry): number => Number(host.split(':')[1]);
    await site.cluster.apply(
      [
        serviceOn(site, 'registry', 5_000, portOf(closed)),
        serviceOn(site, 'images', 80, portOf(open)),
        serviceOn(site, 'processor', 9_002, processorPort, ', appProtocol: kubernetes.io/h2c'),
        `\n${JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'registry-ca', namespace: app }, data: { 'ca.crt': certificate } })}\n---`,
        pullSecret(app, 'good', ALICE.password),
        pullSecret(app, 'wrong', 'guessed'),
        pullSecret(system, 'theirs', ALICE.password),
        own.manifests,
        proxySettings(site, own.deployment),
        shopOf(site, PARAMETERS),
        routeTo(app, 'people', '/people'),
        policyOn(app, 'SecurityPolicy', 'people', {
          jwt: {
            providers: [{ name: 'p', localJWKS: { type: 'Inline', inline: JSON.stringify({ keys: [people.jwk] }) } }],
          },
        }),
        filtered('private', { pullSecretRef: { name: 'good' } }),
        routeTo(app, 'limited', '/limited'),
        policyOn(app, 'BackendTrafficPolicy', 'limited', {
          rateLimit: { global: { rules: [{ limit: { requests: 7, unit: 'Year' } }] } },
        }),
        routeTo(app, 'service', '/service'),
        policyOn(app, 'EnvoyExtensionPolicy', 'service', {
          extProc: [
            {
              backendRefs: [{ name: 'processor', port: 9_002 }],
              messageTimeout: '5s',
              processingMode: { request: {} },
            },
          ],
        }),
        routeTo(app, 'greeting', '/greeting'),
      ].join(''),
    );
    address = await site.addressOf('shop');
    await until('there are two pods', async () => (await site.podsOf('shop')).size === 2);
    await atAll('/app', ({ status }) => status === 200);
  });
  afterAll(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('a Wasm filter of an image that is not for everybody', () => {
    it('is in every pod, by digest, with the Secret of its namespace', async () => {
      await atAll('/private', ({ headers }) => headers['x-wasm-custom'] === 'private');
      for (const pod of (await site.podsOf('shop')).keys()) {
        const files = readdirSync(inside(pod, 'sidecar', '/var/run/sluice/modules'));
        // Its own, and the policy module.
        expect(files).toHaveLength(2);
        expect(files.every((file) => /^sha256-[0-9a-f]{64}\.wasm$/u.test(file))).toBe(true);
      }
    });

    it.each([
      ['whose password is wrong', 'wrong', { name: 'wrong' }, /Unauthorized|401|does not allow|not with these/iu],
      ['that does not exist', 'missing', { name: 'missing' }, /Secret filters\/missing does not exist/u],
      [
        'of another namespace',
        'lent',
        { name: 'theirs', namespace: 'filters-system' },
        /no ReferenceGrant in namespace filters-system/u,
      ],
      ['that is needed and not named', 'none', undefined, /Unauthorized|401|credentials/iu],
    ])('is not had with a Secret %s', async (_, name, ref, why) => {
      await site.cluster.apply(filtered(name, ref === undefined ? {} : { pullSecretRef: ref }));
      await until('its status says why', async () => why.test(await reasonOf(site, 'envoyextensionpolicy', name)));
      expect(await reasonOf(site, 'envoyextensionpolicy', name)).toContain('Accepted=False');
      await atAll(`/${name}`, ({ status }) => status === 500);
    });

    it('is had when the Secret is put right', async () => {
      await site.cluster.apply(pullSecret(site.app, 'wrong', ALICE.password));
      await atAll('/wrong', ({ headers }) => headers['x-wasm-custom'] === 'wrong');
    });

    it.each([
      ['loopback', '127.0.0.1:5000/filters/custom:v1', /127\.0\.0\.1 is loopback/u],
      ['the metadata service', '169.254.169.254/filters/custom:v1', /169\.254\.169\.254 is a metadata service/u],
    ])('is not fetched from %s', async (_, url, why) => {
      await site.cluster.apply(filtered('inside', { url }));
      await until('its status says why', async () => why.test(await reasonOf(site, 'envoyextensionpolicy', 'inside')));
      await atAll('/inside', ({ status }) => status === 500);
    });

    it('leaves nothing of the Secret in pods, in objects of the proxy, or in logs', async () => {
      const { cluster, system } = site;
      const config = dockerConfig(ALICE.password);
      const words = [
        ALICE.password,
        ...[`${ALICE.username}:${ALICE.password}`, config].map((text) => Buffer.from(text).toString('base64')),
      ];
      const seen = new Map<string, string>();
      const { name } = await site.proxyOf('shop');
      const kinds = 'deployments,configmaps,secrets,pods';
      const owner = 'gateway.envoyproxy.io/owning-gateway-name=shop';
      seen.set('objects', await cluster.kubectl('get', kinds, '-n', system, '-l', owner, '-o', 'yaml'));
      for (const pod of (await site.podsOf('shop')).keys()) {
        seen.set(`config_dump of ${pod}`, await envoyAdmin(pod, '/config_dump?include_eds'));
        for (const container of ['sidecar', 'envoy'] as const) {
          const process = `/proc/${processOf(pod, container)}`;
          seen.set(`environment of ${pod}`, readFileSync(`${process}/environ`, 'utf8'));
          for (const place of ['/var/run/sluice', '/var/run/ext-proc', '/certs', '/sds', '/tmp'])
            for (const [path, text] of filesIn(inside(pod, container, place))) seen.set(`${pod} ${path}`, text);
          seen.set(`log of ${pod}`, await cluster.kubectl('logs', '-n', system, pod, '-c', container));
        }
      }
      seen.set(
        'log of controllers',
        await cluster.kubectl('logs', '-n', system, '-l', 'control-plane=envoy-gateway', '--tail=-1'),
      );
      seen.set('statuses', await site.get('envoyextensionpolicies,events', '-o', 'yaml'));
      expect([...seen.keys()].filter((place) => place.endsWith('.wasm')).length).toBeGreaterThan(3);
      expect([...seen.keys()].filter((place) => place.endsWith('/tls.key')).length).toBeGreaterThan(1);
      expect(seen.get('objects')).toContain(name);
      const found = [...seen].filter(([, text]) => words.some((word) => text.includes(word))).map(([place]) => place);
      expect(found).toEqual([]);
    });

    it('comes to a pod that starts later, before that takes requests', async () => {
      const before = await site.podsOf('shop');
      const [first = ''] = before.keys();
      // The deleted pod takes leave, and the one in its place has all that it needs when it is ready.
      const clients = sendSteadily(at('/private'));
      await site.cluster.kubectl('delete', 'pod', '-n', site.system, first, '--wait=false');
      let born = '';
      await until('another pod is there', async () => {
        const found = [...(await site.podsOf('shop'))].find(([name, pod]) => !before.has(name) && pod !== '');
        return (born = found?.[1] ?? '') !== '';
      });
      const traffic = keepAsking(`http://${born}:${POD_PORT}/private`);
      await until('it serves', () => Promise.resolve(traffic.came.has(200)));
      expect([...(await traffic.stop()).keys()].filter((status) => status !== 0 && status !== 200)).toEqual([]);
      expect((await ask(`http://${born}:${POD_PORT}/private`)).headers['x-wasm-custom']).toBe('private');
      await site.rolledOut((await site.proxyOf('shop')).name, site.system);
      expect((await clients.stop()).lost).toEqual([]);
    });
  });

  describe('a processor', () => {
    it('is a Service of the cluster', async () => {
      await atAll('/service', ({ sent }) => sent['x-processed'] === 'yes');
      expect((await ask(at('/service'), { 'x-blocked': 'yes' })).status).toBe(403);
    });

    it('is a container of each pod, as the example has it', async () => {
      await atAll('/greeting', ({ sent }) => sent['x-greeted'] === 'in the pod');
      expect((await ask(at('/greeting'), { 'x-blocked': 'yes' })).status).toBe(403);
    });
  });

  it('a global limit without a Redis is counted by each pod', async () => {
    for (const url of await atPods('/limited')) {
      const came: number[] = [];
      for (let times = 0; times < 9; times += 1) came.push((await ask(url)).status);
      expect(came.filter((status) => status === 200)).toHaveLength(7);
      expect(came.filter((status) => status === 429)).toHaveLength(2);
    }
  });

  it('another build of the policy module takes the place of the first under load, and loses and opens nothing', async () => {
    const token = { authorization: `Bearer ${people.token({ sub: 'ada', exp: 4_102_444_800 })}` };
    const urls = await atPods('/people');
    for (const url of urls) await untilAnswered(url, 200, token);
    const good = urls.map((url) => keepAsking(url, token));
    const bad = urls.map((url) => keepAsking(url));
    const before = await modules();
    await configure({
      registryMirrors: { [MIRRORED]: [`http://${nameOf(site, 'images')}`] },
      policyImage: `${MIRRORED}/policy:next`,
    });
    await until('every Envoy has the other one', async () => {
      const now = await modules();
      return now.every((digest, index) => digest !== '' && digest !== before[index]);
    });
    for (const traffic of good) expect([...(await traffic.stop()).keys()]).toEqual([200]);
    for (const traffic of bad) expect([...(await traffic.stop()).keys()]).toEqual([401]);
  });

  it('a controller that is new while the registries are down takes neither a filter nor the policy module away', async () => {
    const { app, system, cluster } = site;
    const token = { authorization: `Bearer ${people.token({ sub: 'ada', exp: 4_102_444_800 })}` };
    const before = await modules();
    for (const one of registries) await one.stop();
    const filtering = (await atPods('/private')).map((url) => keepAsking(url));
    const good = (await atPods('/people')).map((url) => keepAsking(url, token));
    const bad = (await atPods('/people')).map((url) => keepAsking(url));
    await cluster.kubectl('delete', 'pod', '-n', system, '-l', 'control-plane=envoy-gateway');
    await site.rolledOut('envoy-gateway', system);
    // What is not wanted any more goes last: once it has gone, so would whatever else goes.
    const echo = (name: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${app} }
spec: { selector: { app: echo }, ports: [{ port: 80, targetPort: 3000 }] }
---`;
    await cluster.apply(echo('late') + routeTo(app, 'late', '/late', 'late'));
    await atAll('/late', ({ status }) => status === 200);
    await cluster.kubectl('delete', 'httproute', '-n', app, 'late');
    for (const pod of (await site.podsOf('shop')).keys()) {
      await until('its cluster has gone', async () => !(await envoyAdmin(pod, '/clusters')).includes(`${app}/late`));
    }
    for (const traffic of [...filtering, ...good]) expect([...(await traffic.stop()).keys()]).toEqual([200]);
    for (const traffic of bad) expect([...(await traffic.stop()).keys()]).toEqual([401]);
    await atAll('/private', ({ headers }) => headers['x-wasm-custom'] === 'private');
    expect(await modules()).toEqual(before);
  });

  /** The file of the policy module, as each Envoy has it. */
  async function modules(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const pod of (await site.podsOf('shop')).keys()) {
      const dump = await envoyAdmin(pod, '/config_dump?resource=ecds_filters');
      const [file = ''] = /(?<="name": "sluice\.policy",[\s\S]*?"filename": ")[^"]+/u.exec(dump) ?? [];
      found.push(file);
    }
    return found;
  }

  /** Sets `sluice` of the controller's configuration. */
  async function configure(settings: object): Promise<void> {
    const { cluster, system } = site;
    const text = await cluster.kubectl(
      'get',
      'configmap',
      'envoy-gateway-config',
      `--namespace=${system}`,
      String.raw`--output=jsonpath={.data.envoy-gateway\.yaml}`,
    );
    const data = { 'envoy-gateway.yaml': stringify({ ...parse(text), sluice: settings }) };
    await cluster.kubectl(
      'patch',
      'configmap',
      'envoy-gateway-config',
      `--namespace=${system}`,
      '--type=merge',
      `--patch=${JSON.stringify({ data })}`,
    );
  }
});

/** What is in the files of a folder, if there is one. */
function* filesIn(root: string): Generator<readonly [path: string, text: string]> {
  const entries = (() => {
    try {
      return readdirSync(root, { withFileTypes: true });
    } catch {
      return [];
    }
  })();
  for (const entry of entries) {
    const path = join(root, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (entry.isFile()) yield [path, readFileSync(path, 'latin1')];
  }
}
