import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { isObject } from '#controller/api/compile.ts';
import { XDS_PORT } from '#controller/cluster-proxies.ts';
import { parseConfiguration } from '#controller/configuration.ts';
import { identityOf } from '#controller/infra/kubernetes/objects/identity.ts';
import { findGoProgram, HELM } from '#deploy/setup/go-program.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { INSTALLATION } from '#test/golden/objects.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { CHART, chartCases, INSTALL_YAML, render, renderInstallation } from './helm.ts';
import { gatewayApiDefinitions, packageChart } from './package-chart.ts';
import { renderChart } from './render.ts';

const run = promisify(execFile);
const CASES = join(import.meta.dirname, 'testdata');
const helm = findGoProgram(HELM, process.env) ?? '';

interface Manifest {
  readonly kind?: unknown;
  readonly [field: string]: unknown;
}

function asObject(value: unknown): { readonly [field: string]: unknown } {
  return isObject(value) ? value : {};
}

function objectsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter(isObject);
}

it.each([...renderChart()])('%s is what `npm run chart` makes of the code', (path, text) => {
  expect(readFileSync(join(CHART, path), 'utf8')).toBe(text);
});

it('is of the version of the package', () => {
  const chart = readFileSync(join(CHART, 'Chart.yaml'), 'utf8');
  expect(chart).toContain(`\nversion: ${packageJson.version}\nappVersion: ${packageJson.version}\n`);
});

/** Judged by the controller itself. */
const CONFIGURATION = 'config.envoyGateway';
/** Helm hands to a chart within a chart what is global; that one reads none of it. */
const NOT_READ = 'crds.global';

/** Paths of all values that a schema has, as far as the chart itself reads them. */
function valuesIn(schema: unknown, path: readonly string[] = []): readonly string[] {
  const name = path.join('.');
  const properties = isObject(schema) ? schema['properties'] : undefined;
  if (name === NOT_READ) return [];
  if (!isObject(properties) || name === CONFIGURATION) return [name];
  return Object.entries(properties).flatMap(([field, inner]) => valuesIn(inner, [...path, field]));
}

it('has a case for every value', () => {
  const cases = chartCases().map((path): unknown => parse(readFileSync(join(path, 'values.yaml'), 'utf8')));
  const isSet = (path: string): boolean =>
    cases.some((values) => {
      let found: unknown = values;
      for (const name of path.split('.')) found = isObject(found) ? found[name] : undefined;
      return found !== undefined;
    });
  const schema: unknown = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
  const all = valuesIn(schema);
  expect(all.length).toBeGreaterThan(60);
  expect(all.filter((path) => !isSet(path))).toEqual([]);
});

describe.skipIf(helm === '')('with Helm', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sl-chart-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(chartCases().map((path) => [basename(path), path] as const))(
    '%s: values make these objects',
    async (_, path) => {
      const made = await render(helm, { values: ['--values', join(path, 'values.yaml')] });
      expect(made).toBe(readFileSync(join(path, 'objects.yaml'), 'utf8'));
    },
  );

  it('install.yaml is what the chart makes', async () => {
    expect(await renderInstallation(helm)).toBe(readFileSync(INSTALL_YAML, 'utf8'));
  });

  it.each(chartCases().map((path) => [basename(path), path] as const))(
    '%s: the controller takes the configuration, and no pod needs a right',
    async (_, path) => {
      const objects = objectsOf(readFileSync(join(path, 'objects.yaml'), 'utf8'));
      const config = objects.find(({ kind }) => kind === 'ConfigMap')?.['data'];
      const text = isObject(config) ? String(config['envoy-gateway.yaml']) : '';
      expect(parseConfiguration('values.yaml', text)).toMatchObject({ ok: true, warnings: [] });
      const pods = objects
        .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
        .map((one) => JSON.stringify(one));
      expect(pods.length).toBeGreaterThan(0);
      // Pod Security Standards, "Restricted".
      for (const pod of pods) {
        expect(pod).toContain('"runAsNonRoot":true');
        expect(pod).toContain('"seccompProfile":{"type":"RuntimeDefault"}');
        expect(pod).toContain('"allowPrivilegeEscalation":false');
        expect(pod).toContain('"capabilities":{"drop":["ALL"]}');
        expect(pod).toContain('"readOnlyRootFilesystem":true');
        expect(pod).not.toMatch(/"hostPath"|"hostNetwork"|"hostPort"|"privileged":true/u);
      }
    },
  );

  it.each([
    ['defaults', 'ControllerNamespace', ['envoy-gateway-system']],
    ['namespaces', 'GatewayNamespace', ['shop', 'billing']],
  ] as const)('%s: the NetworkPolicy lets proxies in, of any Gateway, and nobody else', (name, deploy, namespaces) => {
    const objects = objectsOf(readFileSync(join(CASES, name, 'objects.yaml'), 'utf8'));
    const at = (value: unknown, ...path: readonly string[]): unknown =>
      path.reduce((found, field) => (isObject(found) ? found[field] : undefined), value);
    const policy = objects.find(({ kind }) => kind === 'NetworkPolicy');
    const controller = objects.find(({ kind }) => kind === 'Deployment');
    const selects = (selector: unknown, labels: unknown): boolean =>
      Object.entries(asObject(at(selector, 'matchLabels'))).every(([label, value]) => at(labels, label) === value);
    expect(selects(at(policy, 'spec', 'podSelector'), at(controller, 'spec', 'template', 'metadata', 'labels'))).toBe(
      true,
    );
    const rules = at(policy, 'spec', 'ingress');
    const [toProxies, toAll] = Array.isArray(rules) ? rules.filter(isObject) : [];
    const [from] = [toProxies?.['from']].flat();
    const own = String(at(policy, 'metadata', 'namespace'));
    for (const namespace of namespaces) {
      const gateway = { namespace, name: 'web', labels: {}, annotations: {}, addresses: [], hostnames: [], ports: [] };
      const infra = {
        key: `${namespace}/web`,
        sockets: [],
        gatewayClass: 'eg',
        gateways: [gateway],
        parameters: undefined,
      };
      for (const merged of [false, true]) {
        const settings = { ...INSTALLATION, deploy, namespace: own };
        const { selector, namespace: place } = identityOf({ ...infra, merged }, settings);
        expect(selects(at(from, 'podSelector'), selector)).toBe(true);
        // Without a selector of namespaces it is about the policy's own.
        const isReached = place === own || JSON.stringify(at(from, 'namespaceSelector')) === '{}';
        expect(isReached).toBe(true);
      }
    }
    expect(selects(at(from, 'podSelector'), { 'app.kubernetes.io/name': 'envoy' })).toBe(false);
    const ports = (rule: unknown): unknown => [at(rule, 'ports')].flat().map((port) => at(port, 'port'));
    expect(ports(toProxies)).toEqual([XDS_PORT]);
    // Health and metrics; nobody reaches the admin service.
    expect([toAll?.['from'], ports(toAll)]).toEqual([undefined, [8_081, 19_001]]);
  });

  it.each([
    ['a typing error', ['deployment.replica=2'], "at '/deployment': additional properties 'replica' not allowed"],
    ['an unknown value', ['serviceMonitor.enabled=true'], "additional properties 'serviceMonitor' not allowed"],
    ['an image at the wrong place', ['global.images.proxy.image=x'], "additional properties 'proxy' not allowed"],
    ['replicas that are no number', ['deployment.replicas=many'], "at '/deployment/replicas'"],
    ['a type of Service that there is not', ['service.type=External'], "at '/service/type'"],
    ['another provider than a cluster', ['config.envoyGateway.provider.type=Custom'], '/provider/type'],
    ['an unknown field of the configuration', ['config.envoyGateway.gatway.a=b'], "additional properties 'gatway' not"],
    ['a level that there is not', ['config.envoyGateway.logging.level.default=loud'], '/logging/level/default'],
    ['certificates of nobody', ['certificates.provider=Vault'], "at '/certificates/provider'"],
  ])('refuses %s', async (_, sets, words) => {
    const asked = render(helm, { values: sets.flatMap((set) => ['--set', set]) });
    await expect(asked).rejects.toThrow(words);
  });

  it('is packaged with the definitions of Gateway API as they are upstream, and ours, and passes lint', async () => {
    const archive = await packageChart(ROOT, folder, process.env);
    await run(helm, ['lint', '--strict', archive]);
    const { stdout } = await run(helm, ['show', 'crds', archive], { maxBuffer: 64 * 1024 * 1024 });
    const ours = globSync('*.yaml', { cwd: join(ROOT, 'deploy/crds') });
    const files = [
      ...(await gatewayApiDefinitions(process.env)),
      ...ours.map((name) => join(ROOT, 'deploy/crds', name)),
    ];
    for (const file of files) expect(stdout).toContain(readFileSync(file, 'utf8').trim());
    // As it is handed to kubectl, each is a document of its own.
    const shown = stdout.split(/^---$/mu).filter((text) => text.includes('kind: CustomResourceDefinition\n'));
    expect(shown).toHaveLength(files.filter((file) => !file.includes('_vap_')).length);
    for (const text of shown) expect(text.match(/^kind: /gmu)).toHaveLength(1);
    const off = await render(helm, { chart: archive, values: ['--include-crds', '--set', 'crds.enabled=false'] });
    expect(off).not.toContain('CustomResourceDefinition');
    // A release is kept in a Secret, which may have 1 MB.
    expect(readFileSync(archive).length).toBeLessThan(400_000);
  });
});
