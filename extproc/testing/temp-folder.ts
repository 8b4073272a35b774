import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Makes a folder that is gone after the test. Its path is short, since a socket's may have 107 bytes. */
export async function tempFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'xp-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
