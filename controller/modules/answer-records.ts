import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswerCache } from '../fetch/want-loop.ts';
import { isObject, parseObject } from '../oci/manifest.ts';
import { DIGEST } from '../oci/reference.ts';
import { type ModuleAnswer, type ModuleWant, wantKey } from '../resources/wants.ts';
import type { ModuleLibrary } from './module-library.ts';

/** Records that nobody has read for so long are of wants that nobody has any more. Milliseconds. */
const OLDEST = 7 * 86_400_000;

/**
 * Keeps which module each want was answered with, so that a controller that starts again goes on with what its proxies have.
 * The record of a private image is found only with the credentials that it was fetched with. What cannot be written is told
 * to `failed`, and nothing else.
 */
export function moduleAnswers(
  folder: string,
  library: ModuleLibrary,
  failed: (error: unknown) => void,
): AnswerCache<ModuleWant, ModuleAnswer> {
  const memory = new Map<string, ModuleAnswer & { readonly kind: 'module' }>();
  const fileOf = (want: ModuleWant): string =>
    join(folder, `${createHash('sha256').update(wantKey(want)).digest('hex')}.json`);
  attempt(() => mkdirSync(folder, { recursive: true, mode: 0o700 }), failed);
  attempt(() => removeOld(folder), failed);
  return {
    read: (want) => {
      const answer = memory.get(wantKey(want)) ?? readRecord(fileOf(want));
      return answer !== undefined && library.has(answer.digest) ? answer : undefined;
    },
    write: (want, answer) => {
      if (answer.kind !== 'module') return;
      memory.set(wantKey(want), answer);
      const { digest, revision } = answer;
      const file = fileOf(want);
      attempt(() => {
        writeFileSync(`${file}.new`, JSON.stringify({ digest, revision }), { mode: 0o600 });
        renameSync(`${file}.new`, file);
      }, failed);
    },
    // Whoever wants it again in the next days finds it as it was, though the registry be down; then it goes by itself.
    forget: (want) => void memory.delete(wantKey(want)),
  };
}

function readRecord(file: string): (ModuleAnswer & { readonly kind: 'module' }) | undefined {
  try {
    const record = parseObject(readFileSync(file));
    if (!isObject(record)) return undefined;
    const { digest, revision } = record;
    if (typeof digest !== 'string' || !DIGEST.test(digest)) return undefined;
    const now = new Date();
    utimesSync(file, now, now);
    return { kind: 'module', digest, revision: typeof revision === 'string' ? revision : undefined };
  } catch {
    return undefined;
  }
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (Date.now() - statSync(file).mtimeMs > OLDEST) rmSync(file, { force: true });
  }
}

function attempt(act: () => void, failed: (error: unknown) => void): void {
  try {
    act();
  } catch (error) {
    failed(error);
  }
}
