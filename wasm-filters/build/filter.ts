import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { generateReaders } from '#proto/codegen/generate-readers.ts';
import { abiProblems } from './abi.ts';
import { COMPILER_FLAGS, compileModule } from './compile.ts';
import { writeGenerated } from './readers.ts';

const ROOT = dirname(import.meta.dirname);
const CACHE = join(ROOT, '../build/wasm-cache');
const ABORT_HANDLER = 'sdk/assembly/abort/abortHandler';

/** The folder of the SDK: it is imported from, and is no filter. */
const SDK = 'sdk';

/** Names the filters of this repository: every folder whose `assembly/index.ts` is glue to the ABI. In order of name. */
export async function filterNames(): Promise<readonly string[]> {
  const entries = await readdir(ROOT, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== SDK && existsSync(join(ROOT, entryOf(entry.name))))
    .map(({ name }) => name)
    .sort();
}

/**
 * Generates the readers into `wasm-filters/gen`, and compiles the filter of this name. The result is kept in
 * `build/wasm-cache` under the digest of all that it depends on, so that only the first caller after a change waits.
 *
 * @throws Error with the diagnostics of the compiler, or with every violation of the ABI.
 */
export async function compileFilter(name: string): Promise<Uint8Array> {
  await writeGenerated(join(ROOT, 'gen'), generateReaders());
  const entry = entryOf(name);
  const cached = join(CACHE, `${name}-${await sourceDigest(entry)}.wasm`);
  const known = await readFile(cached).catch(() => undefined);
  if (known !== undefined && abiProblems(known).length === 0) return new Uint8Array(known);
  const wasm = await compileModule({ baseDir: ROOT, entry, abortHandler: ABORT_HANDLER });
  await mkdir(CACHE, { recursive: true });
  const temporary = `${cached}.${randomUUID()}.tmp`;
  await writeFile(temporary, wasm);
  await rename(temporary, cached);
  return wasm;
}

function entryOf(name: string): string {
  return `${name}/assembly/index.ts`;
}

async function sourceDigest(entry: string): Promise<string> {
  const entries = await readdir(ROOT, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((file) => file.isFile() && file.name.endsWith('.ts'))
    .map((file) => relative(ROOT, join(file.parentPath, file.name)))
    .filter((path) => /(^gen|\/assembly)\//.test(path))
    .sort();
  const hash = createHash('sha256').update(JSON.stringify([entry, ABORT_HANDLER, COMPILER_FLAGS]));
  hash.update(await readFile(createRequire(import.meta.url).resolve('assemblyscript/package.json')));
  for (const path of paths) {
    const bytes = await readFile(join(ROOT, path));
    hash.update(`\0${path}\0${bytes.byteLength}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 32);
}
