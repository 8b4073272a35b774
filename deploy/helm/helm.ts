import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The chart's sources: all of it but for the resource definitions, which are put in when it is packaged. */
export const CHART = join(import.meta.dirname, 'sluice');
/** The plain manifest of an installation with default values. */
export const INSTALL_YAML = join(import.meta.dirname, '../install/install.yaml');

/** A release as it is rendered. */
export interface Release {
  readonly chart?: string;
  readonly name?: string;
  readonly namespace?: string;
  /** Arguments of helm(1): `--values`, `--set`. */
  readonly values?: readonly string[];
}

/** What `helm template` makes of the chart. Rejects with Helm's words where it refuses the values. */
export async function render(
  helm: string,
  { chart = CHART, name = 'eg', namespace = 'envoy-gateway-system', values = [] }: Release = {},
): Promise<string> {
  const { stdout } = await run(helm, ['template', name, chart, '--namespace', namespace, ...values]);
  return stdout;
}

/** What `kubectl apply` installs without Helm. */
export async function renderInstallation(helm: string): Promise<string> {
  const head = [
    '# Generated from deploy/helm/sluice by npm run chart. The definitions of Gateway API and of gateway.envoyproxy.io come before it.',
    '# kubectl apply --server-side -f',
  ];
  return `${head.join('\n')}\n${await render(helm, { name: 'sluice', values: ['--set', 'createNamespace=true'] })}`;
}

/** Folders of cases: `values.yaml`, and beside it what it makes, `objects.yaml`. */
export function chartCases(): readonly string[] {
  return globSync('testdata/*/values.yaml', { cwd: import.meta.dirname })
    .toSorted()
    .map((path) => join(import.meta.dirname, dirname(path)));
}
