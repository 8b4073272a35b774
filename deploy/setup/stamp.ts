import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a step of the set-up reads and writes: paths of files and folders from the root of the checkout. */
export interface Tracked {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Files among the inputs that have no influence on the outputs, by path from the root. */
  readonly ignore?: RegExp;
}

/** Gives the SHA-256, in hexadecimal, of the names and contents of all input files. An input may be missing. */
export function hashInputs(root: string, step: Tracked): string {
  const hash = createHash('sha256');
  for (const path of step.inputs.flatMap((input) => filesUnder(root, input))) {
    if (step.ignore?.test(path) === true) continue;
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** Says whether the step ran with just these inputs, and all its outputs are still there. */
export function isUpToDate(root: string, step: Tracked, hash: string): boolean {
  if (!step.outputs.every((output) => existsSync(join(root, output)))) return false;
  try {
    return readFileSync(stampPath(root, step), 'utf8') === hash;
  } catch {
    return false;
  }
}

/** Forgets that the step ever ran; to be called before it runs, so that an interrupted run does not count. */
export function clearStamp(root: string, step: Tracked): void {
  rmSync(stampPath(root, step), { force: true });
}

/** Notes that the step has run with the inputs of this hash. */
export function writeStamp(root: string, step: Tracked, hash: string): void {
  mkdirSync(dirname(stampPath(root, step)), { recursive: true });
  writeFileSync(stampPath(root, step), hash);
}

function stampPath(root: string, step: Tracked): string {
  return join(root, 'build', '.stamps', step.name);
}

function filesUnder(root: string, path: string): string[] {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  return readdirSync(join(root, path))
    .filter((name) => name !== 'node_modules')
    .sort()
    .flatMap((name) => filesUnder(root, `${path}/${name}`));
}
