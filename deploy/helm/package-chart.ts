/**
 * Packages the chart: the resource definitions of our group and those of Gateway API, as its Go module has them, are put into the
 * chart that it depends on. What is made of the same sources is the same file.
 */
import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { goModuleFolder } from '../setup/go-program.ts';

const run = promisify(execFile);

/** The module that the definitions of Gateway API are taken from, and the folder with those of all its channels. */
const GATEWAY_API = 'sigs.k8s.io/gateway-api@v1.6.1';
const DEFINITIONS = 'config/crd/experimental';

/** Files of Gateway API's definitions, as upstream has them. Throws a SetupError where Go cannot fetch them. */
export async function gatewayApiDefinitions(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const module = await goModuleFolder('test/conformance/suite', GATEWAY_API, env);
  // Beside a kustomization, which is no manifest.
  return globSync('gateway.*.yaml', { cwd: join(module, DEFINITIONS) })
    .toSorted()
    .map((file) => join(module, DEFINITIONS, file));
}

/** Makes the whole chart in `folder`/sluice, and its archive beside it. Resolves with the path of the archive. */
export async function packageChart(root: string, folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const chart = join(folder, 'sluice');
  rmSync(chart, { recursive: true, force: true });
  cpSync(join(root, 'deploy/helm/sluice'), chart, { recursive: true });
  const definitions = join(chart, 'charts/crds/crds');
  mkdirSync(definitions, { recursive: true });
  const own = globSync('*.yaml', { cwd: join(root, 'deploy/crds') }).map((file) => join(root, 'deploy/crds', file));
  for (const file of [...(await gatewayApiDefinitions(env)), ...own]) {
    // `helm show crds` writes one file behind the other: without a mark they would be one document, of which the last would count.
    writeFileSync(join(definitions, basename(file)), `---\n${readFileSync(file, 'utf8')}`);
  }
  const [, version = ''] = /^version: (.+)$/mu.exec(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) ?? [];
  const archive = join(folder, `sluice-${version}.tgz`);
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  await run('tar', ['--create', '--gzip', '--file', archive, ...same, '--directory', folder, 'sluice'], {
    env: { ...process.env, GZIP: '-n' },
  });
  return archive;
}
