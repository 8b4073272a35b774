import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DocumentAnswer, type DocumentWant, wantKey } from '../resources/wants.ts';
import type { DocumentCheck } from './fetch-document.ts';
import type { AnswerCache } from './want-loop.ts';

/** Answers that were not written for so long are of wants that nobody has any more. Milliseconds. */
const OLDEST = 7 * 86_400_000;

/**
 * Keeps documents in a folder, so that a controller that starts again goes on with what its proxies have. What cannot be
 * read is as good as not there; what cannot be written is told to `failed`, and nothing else.
 */
export function answerFolder(
  folder: string,
  check: DocumentCheck,
  failed: (error: unknown) => void,
): AnswerCache<DocumentWant, DocumentAnswer> {
  const fileOf = (want: DocumentWant): string =>
    join(folder, `${createHash('sha256').update(wantKey(want)).digest('hex')}.json`);
  attempt(() => mkdirSync(folder, { recursive: true, mode: 0o700 }), failed);
  attempt(() => removeOld(folder), failed);
  return {
    read: (want) => {
      const text = readText(fileOf(want));
      return text !== undefined && check(want, text).ok ? { kind: 'document', text } : undefined;
    },
    write: (want, answer) => {
      if (answer.kind !== 'document') return;
      const file = fileOf(want);
      attempt(() => {
        writeFileSync(`${file}.new`, answer.text, { mode: 0o600 });
        renameSync(`${file}.new`, file);
      }, failed);
    },
    forget: (want) => attempt(() => rmSync(fileOf(want), { force: true }), failed),
  };
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (Date.now() - statSync(file).mtimeMs > OLDEST) rmSync(file, { force: true });
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function attempt(act: () => void, failed: (error: unknown) => void): void {
  try {
    act();
  } catch (error) {
    failed(error);
  }
}
