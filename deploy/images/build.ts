import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { allOf, type Stage } from './instructions.ts';

const run = promisify(execFile);
const LARGEST_OUTPUT = 1 << 24;
/** Words that change what is in an image; the others say how it is run. */
const FILLING = new Set(['WORKDIR', 'COPY', 'RUN']);

/** Where the stages of a Dockerfile are made: of the files in `context`, each in a folder of its own in `folder`. */
export interface Build {
  readonly context: string;
  readonly folder: string;
}

/** What a container of an image runs, and where the image's files are. */
export interface BuiltImage {
  /** A folder that stands for the root of the image; of its base only what the stages put there. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Does what a Dockerfile says, without a container engine: stage by stage, in folders that stand for their roots. */
export async function buildStages(stages: readonly Stage[], build: Build): Promise<void> {
  for (const stage of stages) if (isFilled(stage)) await buildStage(stages, stage, build);
}

/** An image of stages that have been built. */
export function builtImage(stages: readonly Stage[], name: string, build: Build): BuiltImage {
  const instructions = allOf(stages, name);
  const entrypoint: readonly string[] = JSON.parse(
    instructions.findLast(({ word }) => word === 'ENTRYPOINT')?.text ?? '[]',
  );
  const env = instructions
    .filter(({ word }) => word === 'ENV')
    .map(({ text }): [string, string] => {
      const at = text.indexOf('=');
      return [text.slice(0, at), text.slice(at + 1)];
    });
  return { root: rootOf(stages, name, build), entrypoint, env: Object.fromEntries(env) };
}

/** A stage that puts nothing into its image has the root of the one that it is made from. */
function rootOf(stages: readonly Stage[], name: string, build: Build): string {
  const stage = stages.find((one) => one.name === name);
  const isOwn = stage === undefined || isFilled(stage) || !stages.some((one) => one.name === stage.from);
  return isOwn ? join(build.folder, name) : rootOf(stages, stage.from, build);
}

function isFilled({ instructions }: Stage): boolean {
  return instructions.some(({ word }) => FILLING.has(word));
}

async function buildStage(stages: readonly Stage[], stage: Stage, build: Build): Promise<void> {
  const root = rootOf(stages, stage.name, build);
  mkdirSync(join(root, 'tmp'), { recursive: true });
  if (stages.some(({ name }) => name === stage.from)) {
    cpSync(rootOf(stages, stage.from, build), root, { recursive: true, verbatimSymlinks: true });
  }
  let work = '/';
  for (const { word, text } of stage.instructions) {
    if (word === 'WORKDIR') mkdirSync(join(root, (work = text)), { recursive: true });
    if (word === 'COPY') {
      const [, from, source = '', target = ''] = /^(?:--from=(\S+)\s+)?(\S+)\s+(\S+)$/u.exec(text) ?? [];
      copy(from === undefined ? build.context : rootOf(stages, from, build), source, join(root, target));
    }
    if (word === 'RUN') {
      // Absolute paths are those of the image.
      const command = text.replaceAll(/(?<=\s)\/(?=opt\/|tmp\/)/gu, `${root}/`);
      await run('sh', ['-euc', command], { cwd: join(root, work), maxBuffer: LARGEST_OUTPUT });
    }
  }
}

function copy(base: string, source: string, target: string): void {
  const found = globSync(source.replace(/^\//u, ''), { cwd: base });
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`COPY ${source}: is ${found.length} files, not one`);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(base, only), target, { recursive: true, verbatimSymlinks: true });
}
