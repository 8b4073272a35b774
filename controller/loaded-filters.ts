import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedFilterIr, WasmFilterIr } from './ir/wasm-filter.ts';
import type { LoadedFilters } from './xds/lower.ts';

/** What is known when it is chosen which versions a proxy is to run; each by the filter's name. */
export interface FilterChoice {
  readonly wanted: ReadonlyMap<string, WasmFilterIr>;
  /** What was chosen before. */
  readonly last: LoadedFilters;
  /** What the proxy acknowledged last. */
  readonly good: LoadedFilters;
  /** What the proxy rejected. */
  readonly refused: LoadedFilters;
  /** The file of a module, once the proxy has it. */
  readonly pathOf: (digest: string) => string | undefined;
}

/**
 * Chooses which version of each filter a proxy is to run: the wanted one once its module is there, until then the one before,
 * module and configuration together; instead of one that it rejected the last good one. A version that did not change is the
 * same object.
 */
export function chooseFilters({ wanted, last, good, refused, pathOf }: FilterChoice): LoadedFilters {
  const chosen = new Map<string, LoadedFilterIr>();
  for (const [name, filter] of wanted) {
    const next = versionOf(filter, last.get(name), pathOf);
    const bad = refused.get(name);
    const version = next !== undefined && bad !== undefined && isVersion(bad, next) ? good.get(name) : next;
    if (version !== undefined) chosen.set(name, version);
  }
  return chosen;
}

function versionOf(
  filter: WasmFilterIr,
  last: LoadedFilterIr | undefined,
  pathOf: FilterChoice['pathOf'],
): LoadedFilterIr | undefined {
  const digest = filter.module?.digest;
  const path = digest === undefined ? undefined : pathOf(digest);
  if (digest === undefined || path === undefined) return last;
  const next = { filter, digest, path };
  return last !== undefined && isVersion(last, next) ? last : next;
}

/** Whether two versions are one. */
export function isVersion(a: LoadedFilterIr, b: LoadedFilterIr): boolean {
  return a === b || (a.path === b.path && isSame(a.filter, b.filter));
}

function isSame(a: WasmFilterIr, b: WasmFilterIr): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

const FILE = 'wasm-filters.json';

/** The versions that a proxy ran last, where their files still are there: a controller that comes back goes on with them. */
export async function readLoadedFilters(folder: string): Promise<LoadedFilters> {
  try {
    const list: readonly LoadedFilterIr[] = JSON.parse(await readFile(join(folder, FILE), 'utf8'));
    return new Map(list.filter(({ path }) => existsSync(path)).map((loaded) => [loaded.filter.name, loaded]));
  } catch {
    return new Map();
  }
}

/** Notes the versions that a proxy runs. That it cannot be written costs the next controller a moment, and nothing else. */
export async function writeLoadedFilters(folder: string, filters: LoadedFilters): Promise<void> {
  const file = join(folder, FILE);
  await writeFile(`${file}.new`, JSON.stringify([...filters.values()]), { mode: 0o600 })
    .then(() => rename(`${file}.new`, file))
    .catch(() => undefined);
}
