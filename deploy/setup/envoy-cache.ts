import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ENVOY_VERSION } from './envoy-release.ts';
import { sha256OfFile } from './sha256.ts';

/** What is written beside a cached binary. Size and time of change tell at once that the file is still the same. */
interface BinaryRecord {
  readonly sha256: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** Gives the folder in the user's cache that holds Envoy's binary (XDG Base Directory Specification). */
export function envoyCacheFolder(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'] ?? '';
  // A relative path is to be ignored, says the specification.
  const cache = base.startsWith('/') ? base : join(env['HOME'] ?? homedir(), '.cache');
  return join(cache, 'sluice', 'envoy', ENVOY_VERSION);
}

/** Notes beside the binary in `folder` what it is; `isIntact` compares with this. */
export async function recordBinary(folder: string): Promise<void> {
  const path = join(folder, 'envoy');
  const { size, mtimeMs } = statSync(path);
  const record: BinaryRecord = { sha256: await sha256OfFile(path), size, mtimeMs };
  writeFileSync(join(folder, 'envoy.json'), `${JSON.stringify(record)}\n`);
}

/** How the binary of a cache folder compares with its record. */
export type CacheState = 'absent' | 'intact' | 'touched';

/** Compares by size and time of change only: 'touched' wants a look at the content. */
export function cacheState(folder: string): CacheState {
  const record = readRecord(folder);
  const found = statSync(join(folder, 'envoy'), { throwIfNoEntry: false });
  if (record === undefined || found === undefined) return 'absent';
  return found.size === record.size && found.mtimeMs === record.mtimeMs ? 'intact' : 'touched';
}

/** Says whether the binary in `folder` has the content that was recorded; reads all of it. */
export async function hasRecordedContent(folder: string): Promise<boolean> {
  const record = readRecord(folder);
  return record !== undefined && (await sha256OfFile(join(folder, 'envoy'))) === record.sha256;
}

function readRecord(folder: string): BinaryRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, 'envoy.json'), 'utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is BinaryRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'sha256' in value &&
    typeof value.sha256 === 'string' &&
    'size' in value &&
    typeof value.size === 'number' &&
    'mtimeMs' in value &&
    typeof value.mtimeMs === 'number'
  );
}
