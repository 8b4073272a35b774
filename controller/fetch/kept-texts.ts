import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What nobody has read or written for so long is removed. Milliseconds. */
const OLDEST = 7 * 86_400_000;

/** Texts by key that outlive the process. */
export interface KeptTexts {
  read(key: string): string | undefined;
  write(key: string, text: string): void;
  remove(key: string): void;
}

/**
 * Keeps texts in a folder, readable for its owner only. What cannot be read is as good as not there; what cannot be written is
 * told to `failed`, and nothing else. What is old by the time of a start is removed.
 */
export function keptTexts(folder: string, failed: (error: unknown) => void): KeptTexts {
  const fileOf = (key: string): string => join(folder, `${createHash('sha256').update(key).digest('hex')}.json`);
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      failed(error);
    }
  };
  attempt(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeOld(folder);
  });
  return {
    read: (key) => readText(fileOf(key)),
    write: (key, text) => {
      const file = fileOf(key);
      attempt(() => {
        writeFileSync(`${file}.new`, text, { mode: 0o600 });
        renameSync(`${file}.new`, file);
      });
    },
    remove: (key) => attempt(() => rmSync(fileOf(key), { force: true })),
  };
}

function readText(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const now = new Date();
    utimesSync(file, now, now);
    return text;
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
