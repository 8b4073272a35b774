import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { findGoProgram, HELM } from '#deploy/setup/go-program.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { auditLog, connectCluster } from './control-plane.ts';
import { chartCases } from '#deploy/helm/helm.ts';
import { namespaceOf, processes, until } from './gateway-site.ts';
import { rightsUsed } from './rights-used.ts';

const SYSTEM = 'envoy-gateway-system';
const SECOND = 'internal-gateway-system';
const CHART = 'build/charts/sluice-0.1.0.tgz';
const GROUPS = /\.(gateway\.networking\.k8s\.io|gateway\.networking\.x-k8s\.io|gateway\.envoyproxy\.io)$/u;
const run = promisify(execFile);

/** The commands of a section of a page, of the block that has some. */
function commandsOf(page: string, section: string, some: string): string {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const [, body = ''] = text.split(`\n## ${section}\n`);
  const blocks = [...(body.split('\n## ')[0] ?? '').matchAll(/```sh\n([^]*?)```/gu)].map(
    ([, commands = '']) => commands,
  );
  return blocks.find((commands) => commands.includes(some)) ?? '';
}

const INTERNAL_CONTROLLER = 'gateway.envoyproxy.io/internal-gatewayclass-controller';
const INTERNAL = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: eg-internal }
spec: { controllerName: ${INTERNAL_CONTROLLER} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: internal, namespace: default }
spec:
  gatewayClassName: eg-internal
  listeners: [{ name: http, protocol: HTTP, port: 8080 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: internal, namespace: default }
spec:
  parentRefs: [{ name: internal }]
  rules: [{ backendRefs: [{ name: backend, port: 3000 }] }]
`;

describe('the chart', () => {
  const cluster = connectCluster(inject('cluster'));
  const own = mkdtempSync(join(tmpdir(), 'sl-helm-'));
  const env = {
    ...process.env,
    KUBECONFIG: cluster.kubeconfig,
    HELM_CACHE_HOME: join(own, 'cache'),
    HELM_CONFIG_HOME: join(own, 'config'),
    HELM_DATA_HOME: join(own, 'data'),
    PATH: [join(own, 'bin'), join(ROOT, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
  };

  /** As in a terminal at the root of a clone. */
  async function shell(commands: string): Promise<string> {
    try {
      return (await run('bash', ['-euo', 'pipefail', '-c', commands], { cwd: ROOT, env, maxBuffer: 1 << 26 })).stdout;
    } catch (error) {
      const logs = await cluster.kubectl('logs', '-n', SYSTEM, 'deployment/envoy-gateway').catch(String);
      throw new Error(`${String(error)}\n${logs.slice(-2_000)}`, { cause: error });
    }
  }

  /** The status that a request for the host of the README is answered with. */
  const answered = (url: string): Promise<string> =>
    shell(`curl -s -o /dev/null -w '%{http_code}' --max-time 15 -H 'Host: www.example.com' ${url} || true`);

  beforeAll(async () => {
    mkdirSync(join(own, 'bin'));
    symlinkSync(findGoProgram(HELM, process.env) ?? 'helm', join(own, 'bin', 'helm'));
    symlinkSync(join(dirname(cluster.kubeconfig), 'kubectl'), join(own, 'bin', 'kubectl'));
    chmodSync(cluster.kubeconfig, 0o600);
    // What the chart is to bring.
    const definitions = (await cluster.kubectl('get', 'crds', '-o', 'name')).trim().split('\n');
    await cluster.kubectl('delete', ...definitions.filter((name) => GROUPS.test(name)));
  });
  afterAll(async () => {
    await shell(`helm uninstall eg -n ${SYSTEM} || true; helm uninstall internal -n ${SECOND} || true`);
    await cluster.kubectl('delete', '--ignore-not-found', '-n', 'default', 'deployment/backend', 'service/backend');
    await cluster.kubectl('delete', 'gateway,httproute,gatewayclass', '-A', '--all');
    // Another file installs into this one. A namespace waits for as long as its pods may take to end.
    await cluster.kubectl('delete', 'deployments', '-n', SYSTEM, '--all');
    await cluster.kubectl('delete', 'pods', '-n', SYSTEM, '--all', '--force', '--grace-period=0');
    await cluster.kubectl('delete', 'namespace', SYSTEM, '--ignore-not-found', '--timeout=280s');
    const others = [SECOND, 'edge-system', 'shop', 'billing'];
    await cluster.kubectl('delete', 'namespace', ...others, '--wait=false', '--ignore-not-found');
    rmSync(own, { recursive: true, force: true });
  });

  it('installs Sluice as the README says, word by word', async () => {
    const commands = commandsOf('README.md', 'On Kubernetes', 'helm install');
    expect(commands).toContain('kubectl get gtw');
    const said = await shell(commands);
    expect(said).toMatch(/^NAME +CLASS +ADDRESS +PROGRAMMED +AGE\neg +eg +10\.245\.0\.\d+ +True +\S+$/mu);
    expect(said).toContain('"host": "www.example.com"');
    // What the job of the chart made, and nothing of the job.
    const left = await cluster.kubectl('get', 'secrets,jobs,serviceaccounts', '-n', SYSTEM, '-o', 'name');
    expect(left).toContain('secret/sluice-ca');
    expect(left).not.toContain('certgen');
    // What is installed is what users get: the images of the Dockerfile, of the packed npm package.
    for (const script of ['controller/cli/sluice.mjs', 'dist/sidecar.mjs']) {
      const path = `/opt/sluice/node_modules/sluice/${script}\0`;
      expect(processes((command) => command.includes(path)).length, script).toBeGreaterThan(0);
    }
  });

  it('lets the walk-through of the seeds go on from there', async () => {
    const seed = join(ROOT, '../shared/seeds/manifests/002_8eecb0c20a5051c9-02.yaml');
    expect(await shell(readFileSync(seed, 'utf8'))).toContain('"path": "/get"');
  });

  /** Definitions as they are, whoever has written what of them. */
  const definitions = (): Promise<string> =>
    cluster.kubectl(
      'get',
      'crds',
      '--show-managed-fields',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.metadata.generation} {.metadata.annotations} {.metadata.managedFields[*].manager}{"\\n"}{end}',
    );

  it('never changes definitions that are there, by an upgrade', async () => {
    // As Envoy Gateway's chart brings its own: another version, and fields that it manages.
    const [theirs] = ['backends.gateway.envoyproxy.io'];
    await cluster.kubectl('annotate', 'crd', theirs, '--field-manager=envoy-gateway-helm', 'owner=envoy-gateway');
    const shortNames = '[{"op":"replace","path":"/spec/names/shortNames","value":["theirs"]}]';
    await cluster.kubectl(
      'patch',
      'crd',
      theirs,
      '--field-manager=envoy-gateway-helm',
      '--type=json',
      '-p',
      shortNames,
    );
    const before = await definitions();
    expect(before).toContain('envoy-gateway-helm');
    await shell(`helm upgrade eg ${CHART} -n ${SYSTEM} --set deployment.replicas=2 --wait --timeout 5m`);
    expect(await definitions()).toBe(before);
    const pods = ['get', 'pods', '-n', SYSTEM, '-l', 'control-plane=envoy-gateway', '-o', 'name'];
    await until('there are two', async () =>
      /^pod\/envoy-gateway-\S+\npod\/envoy-gateway-\S+\n$/u.test(await cluster.kubectl(...pods)),
    );
  });

  it('works beside another controller, under Pod Security "restricted" and in both namespaces', async () => {
    await cluster.apply(
      `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${SECOND}, labels: { pod-security.kubernetes.io/enforce: restricted } }`,
    );
    const name = `config.envoyGateway.gateway.controllerName=${INTERNAL_CONTROLLER}`;
    const before = await definitions();
    await shell(`helm install internal ${CHART} -n ${SECOND} --set ${name} --wait --timeout 5m`);
    expect(await definitions()).toBe(before);
    await cluster.apply(INTERNAL);
    await cluster.kubectl('wait', '--timeout=280s', '-n', 'default', 'gateway/internal', '--for=condition=Programmed');
    const proxies = (namespace: string): Promise<string> =>
      cluster.kubectl('get', 'deployments', '-n', namespace, '-l', 'app.kubernetes.io/component=proxy', '-o', 'name');
    expect(await proxies(SECOND)).toMatch(/^deployment\.apps\/envoy-default-internal-\w{8}\n$/u);
    expect(await proxies(SYSTEM)).toMatch(/^deployment\.apps\/envoy-default-eg-\w{8}\n$/u);
    for (const [gateway, port] of [
      ['internal', 8_080],
      ['eg', 80],
    ] as const) {
      const address = await cluster.kubectl(
        'get',
        '-n',
        'default',
        `gateway/${gateway}`,
        '-o',
        'jsonpath={.status.addresses[0].value}',
      );
      await until(`${gateway} answers`, async () => (await answered(`http://${address}:${port}/get`)) === '200');
    }
  });

  it('keeps apart what each controller says of an object that is of Gateways of both', async () => {
    const [ours, theirs] = ['gateway.envoyproxy.io/gatewayclass-controller', INTERNAL_CONTROLLER];
    const route = (parents: readonly string[]): string =>
      JSON.stringify({
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'both', namespace: 'default' },
        spec: {
          parentRefs: parents.map((name) => ({ name })),
          rules: [{ backendRefs: [{ name: 'backend', port: 3_000 }] }],
        },
      });
    const policy = {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'SecurityPolicy',
      metadata: { name: 'both', namespace: 'default' },
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'both' }],
        cors: { allowOrigins: ['https://both.example'] },
      },
    };
    const saidBy = async (kind: string, list: 'parents' | 'ancestors'): Promise<string> => {
      const entry = kind === 'httproute' ? 'parentRef' : 'ancestorRef';
      const path = `{range .status.${list}[*]}{.${entry}.name} {.controllerName}{"\\n"}{end}`;
      const text = await cluster.kubectl('get', '-n', 'default', kind, 'both', '-o', `jsonpath=${path}`);
      return text.trim().split('\n').toSorted().join(', ');
    };
    await cluster.apply(`${route(['eg', 'internal'])}\n---\n${JSON.stringify(policy)}`);
    const both = `eg ${ours}, internal ${theirs}`;
    await until('both say something of the route', async () => (await saidBy('httproute', 'parents')) === both);
    await until('and of its policy', async () => (await saidBy('securitypolicy', 'ancestors')) === both);
    await cluster.apply(route(['internal']));
    const one = `internal ${theirs}`;
    await until('one of them says nothing any more', async () => (await saidBy('httproute', 'parents')) === one);
    await until('nor of the policy', async () => (await saidBy('securitypolicy', 'ancestors')) === one);
    await cluster.kubectl('delete', '-n', 'default', 'httproute/both', 'securitypolicy/both');
  });

  it.each(chartCases().map((path) => [basename(path), path] as const))(
    'is taken by the API server, strictly: %s',
    async (_, path) => {
      const namespaces = ['envoy-gateway-system', 'edge-system', 'shop', 'billing'].map((name) => namespaceOf(name));
      await cluster.apply(namespaces.join(''));
      const file = join(path, 'objects.yaml');
      const dry = (text: string): Promise<string> => {
        const copy = join(own, 'objects.yaml');
        writeFileSync(copy, text);
        return cluster.kubectl('create', '--dry-run=server', '--validate=strict', '-f', copy);
      };
      const documents = readFileSync(file, 'utf8')
        .replaceAll(/^ {2}name: /gmu, '  name: dry-')
        .split(/^---$/mu);
      // Those of cert-manager belong to a group that is not installed here.
      const known = documents.filter((text) => !text.includes('apiVersion: cert-manager.io/'));
      const said = (await dry(known.join('---'))).trim().split('\n');
      expect(said.every((line) => line.endsWith('created (server dry run)'))).toBe(true);
      expect(said.length).toBeGreaterThan(8);
    },
  );

  it('says that cert-manager is not there, and installs nothing', async () => {
    const asked = shell(`helm install other ${CHART} -n billing --set certificates.provider=CertManager`);
    await expect(asked).rejects.toThrow(/no matches for kind "(Certificate|Issuer)" in version "cert-manager.io\/v1"/u);
    expect(await shell('helm list -n billing -q')).toBe('');
    expect(await cluster.kubectl('get', 'deployments', '-n', 'billing', '-o', 'name')).toBe('');
  });

  it('lets the controller do all that it asks for', () => {
    const log = readFileSync(auditLog(inject('cluster')), 'utf8');
    expect(rightsUsed(log, `system:serviceaccount:${SYSTEM}:envoy-gateway`).refused).toEqual([]);
  });

  it('leaves proxies serving when it is uninstalled, and no rights', async () => {
    const address = await cluster.kubectl(
      'get',
      '-n',
      'default',
      'gateway/eg',
      '-o',
      'jsonpath={.status.addresses[0].value}',
    );
    await shell(`helm uninstall eg -n ${SYSTEM} --wait --timeout 5m`);
    await until('the proxy answers', async () => (await answered(`http://${address}/get`)) === '200');
    const rights = await cluster.kubectl('get', 'clusterroles,clusterrolebindings', '-o', 'name');
    expect(rights).not.toContain(`eg-sluice:${SYSTEM}`);
    expect(await cluster.kubectl('get', 'roles,rolebindings', '-n', SYSTEM, '-o', 'name')).toBe('');
  });

  it('installs Sluice without Helm as its page says, and takes no definition from who manages it', async () => {
    const commands = commandsOf('deploy/docs/kubernetes.md', 'Install', 'install.yaml');
    expect(commands).toContain('install.yaml');
    // Fields of one of them were made somebody else's above; another is applied as Envoy Gateway's page says, with kubectl.
    const applied = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
    const [theirs, categories] = ['securitypolicies.gateway.envoyproxy.io', ['envoy-gateway', 'theirs']];
    const found: unknown = JSON.parse(await cluster.kubectl('get', 'crd', theirs, '-o', 'json'));
    const spec = isObject(found) && isObject(found['spec']) ? found['spec'] : {};
    const names = { ...(isObject(spec['names']) ? spec['names'] : {}), categories };
    await cluster.apply(JSON.stringify({ ...applied, metadata: { name: theirs }, spec: { ...spec, names } }));
    const before = await definitions();
    await expect(shell(commands)).rejects.toThrow(/conflict with "envoy-gateway-helm".*shortNames/su);
    const named = (text: string): string =>
      text
        .split('\n')
        .filter((line) => /^(backends|securitypolicies)\./u.test(line))
        .join('\n');
    expect(named(await definitions())).toBe(named(before));
    await shell(commands.split('\n').at(-2) ?? '');
    await shell(`kubectl rollout status -n ${SYSTEM} deployment/envoy-gateway --timeout=280s`);
    await cluster.kubectl('delete', '-f', join(ROOT, 'deploy/install/install.yaml'), '--wait=false');
  });
});
