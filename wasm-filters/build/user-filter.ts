import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { compileModule } from './compile.ts';

/** Where `sluice/wasm` is. */
const SDK = join(import.meta.dirname, '../sdk/assembly');
/** Where the entry file of a folder may be, the first that is there. */
const ENTRIES = ['assembly/index.ts', 'index.ts'] as const;

/** The sources of a filter: a folder, and the entry file in it. */
export interface FilterSource {
  readonly folder: string;
  readonly entry: string;
}

/** Finds the sources of a filter by its entry file or its folder; `undefined` when there is no entry file. */
export function filterSource(path: string): FilterSource | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isFile()) return { folder: resolve(dirname(path)), entry: basename(path) };
  const entry = ENTRIES.find((name) => existsSync(join(path, name)));
  return entry === undefined ? undefined : { folder: resolve(path), entry };
}

/**
 * Compiles a filter that is made with the SDK (`sluice/wasm`), with the flags of our own. The same sources give the same
 * bytes, wherever they are.
 *
 * @throws Error with the diagnostics of the compiler, or with every violation of the ABI.
 */
export async function compileUserFilter({ folder, entry }: FilterSource): Promise<Uint8Array> {
  return compileModule({
    baseDir: folder,
    entry,
    abortHandler: '~lib/sluice/wasm/abort/abortHandler',
    packages: new Map([['sluice/wasm', SDK]]),
  });
}
