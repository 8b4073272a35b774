import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPacked } from '#deploy/setup/fresh-bundle.mjs';
import { ROOT } from '#deploy/setup/node24.mjs';
import { pack } from '#deploy/package/pack.ts';
import { type Listening, listen } from '../listening.ts';
import { freePort } from '../process/sluice.ts';

const run = promisify(execFile);
const POLL = { interval: 100 };

const MORE = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: hello }
spec:
  parentRefs: [{ name: shop }]
  hostnames: [hello.example.com]
  rules: [{ backendRefs: [{ name: echo, port: 80 }] }]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: processors }
spec: { endpoints: [{ unix: { path: /var/run/ext-proc/extproc.sock } }] }
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata: { name: greeting }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: hello }]
  extProc:
  - backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: processors }]
    processingMode: { request: {}, response: { body: Buffered } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: guarded }
spec:
  parentRefs: [{ name: shop }]
  hostnames: [guarded.example.com]
  rules: [{ backendRefs: [{ name: echo, port: 80 }] }]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: guard }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: guarded }]
  authorization: { defaultAction: Deny }
`;

describe('the npm package, in an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sl-package-'));
  const home = join(folder, 'app');
  const installed = join(home, 'node_modules', 'sluice');
  let backEnd: Listening;
  let child: ChildProcess | undefined;
  let tarball = '';
  /** As a user starts it: by the name that npm gives it, with nothing of the checkout around. */
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    PATH: [join(home, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
  };

  beforeAll(async () => {
    tarball = await pack(ROOT, join(folder, 'package'));
    mkdirSync(home);
    writeFileSync(join(home, 'package.json'), '{"private":true,"type":"module"}\n');
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], { cwd: home });
    backEnd = await listen(createServer((_request, response) => response.end('from the back-end\n')));
  }, 300_000);
  afterAll(async () => {
    if (child !== undefined && child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await backEnd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has no source that Node would have to strip types from, and no tests', () => {
    expect(isPacked(installed)).toBe(true);
    const sources = globSync('**/*.ts', { cwd: installed });
    // Declarations, AssemblyScript, and examples that users copy.
    const others = sources.filter((path) => !/\.d\.ts$|^wasm-filters\/sdk\/assembly\/|^deploy\/examples\//u.test(path));
    expect(others).toEqual([]);
    expect(sources.filter((path) => path.endsWith('.test.ts'))).toEqual([]);
    expect(globSync('{test,build/bench,**/testdata}/**', { cwd: installed })).toEqual([]);
    // So much is fetched for each install.
    expect(statSync(tarball).size).toBeLessThan(1_500_000);
  });

  it('runs the quickstart with real Envoy, policy and a processor in TypeScript', async () => {
    const [http, admin] = [await freePort(), await freePort()];
    const manifests = join(home, 'manifests');
    mkdirSync(manifests);
    const quickstart = readFileSync(join(installed, 'deploy/examples/quickstart/quickstart.yaml'), 'utf8');
    writeFileSync(
      join(manifests, 'quickstart.yaml'),
      quickstart.replaceAll('25180', String(http)).replaceAll('25190', String(backEnd.port)),
    );
    writeFileSync(join(manifests, 'more.yaml'), MORE);
    writeFileSync(join(home, 'greeting.ts'), readFileSync(join(installed, 'deploy/examples/demo/greeting.ts')));
    writeFileSync(
      join(home, 'processors.yaml'),
      `processors:\n  - { policy: default/greeting, module: ./greeting.ts }\n`,
    );
    const flags = ['--processors', 'processors.yaml', '--admin', `127.0.0.1:${admin}`];
    const started = spawn('sluice', ['run', 'manifests', ...flags, '--state-dir', join(folder, 's')], {
      cwd: home,
      env,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    child = started;
    let log = '';
    started.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const ask = async (host: string): Promise<string> => {
      const args = ['-s', '-w', ' %{http_code}', '-H', `Host: ${host}`, `http://127.0.0.1:${http}/get?name=you`];
      return run('curl', args).then(
        ({ stdout }) => stdout,
        () => log,
      );
    };
    await expect.poll(() => ask('www.example.com'), POLL).toBe('from the back-end\n 200');
    expect(await ask('nowhere.example.com')).toContain('404');
    await expect.poll(() => ask('guarded.example.com'), POLL).toContain('403');
    await expect.poll(() => ask('hello.example.com'), POLL).toContain('Hello, you! A processor wrote this.');
    started.kill('SIGTERM');
    const [code] = await once(started, 'exit');
    expect(code).toBe(0);
  });

  it('builds a filter out of the example beside it', async () => {
    const source = join(installed, 'deploy/examples/wasm/filter');
    const { stdout } = await run('sluice', ['filter', 'build', source, '--out', join(folder, 'filter')], {
      env,
      cwd: home,
    });
    expect(stdout).toContain('sha256:');
  });

  it('has the types of sluice/extproc', async () => {
    const settings = {
      compilerOptions: {
        module: 'nodenext',
        target: 'esnext',
        strict: true,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files: ['use.ts'],
    };
    writeFileSync(join(home, 'tsconfig.json'), JSON.stringify(settings));
    const use = (status: string): string =>
      `import { defineProcessor, respondWith } from 'sluice/extproc';\nexport default defineProcessor({ onRequestHeaders: ({ headers }) => respondWith({ status: ${status}, body: headers.get('a') ?? '' }) });\n`;
    const check = (): Promise<unknown> =>
      run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', home], { cwd: home });
    writeFileSync(join(home, 'use.ts'), use('400'));
    await check();
    writeFileSync(join(home, 'use.ts'), use('"400"'));
    await expect(check()).rejects.toThrow('Command failed');
  });
});
