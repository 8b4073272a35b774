import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { generateReaders } from '#proto/codegen/generate-readers.ts';
import { abiProblems } from './abi.ts';
import { COMPILER_FLAGS, compileModule } from './compile.ts';
import { writeGenerated } from './readers.ts';

const ROOT = dirname(import.meta.dirname);
const CACHE = join(ROOT, '../build/wasm-cache');

const POLICY = {
  baseDir: ROOT,
  entry: 'policy/assembly/index.ts',
  abortHandler: 'sdk/assembly/abort/abortHandler',
};

/**
 * Generates the readers into `wasm-filters/gen`, and compiles the policy module. The result is kept in
 * `build/wasm-cache` under the digest of all that it depends on, so that only the first caller after a change waits.
 *
 * @throws Error with the diagnostics of the compiler, or with every violation of the ABI.
 */
export async function compilePolicy(): Promise<Uint8Array> {
  await writeGenerated(join(ROOT, 'gen'), generateReaders());
  const cached = join(CACHE, `policy-${await sourceDigest()}.wasm`);
  const known = await readFile(cached).catch(() => undefined);
  if (known !== undefined && abiProblems(known).length === 0) return new Uint8Array(known);
  const wasm = await compileModule(POLICY);
  await mkdir(CACHE, { recursive: true });
  const temporary = `${cached}.${randomUUID()}.tmp`;
  await writeFile(temporary, wasm);
  await rename(temporary, cached);
  return wasm;
}

async function sourceDigest(): Promise<string> {
  const entries = await readdir(ROOT, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => /(^gen|\/assembly)\//.test(path))
    .sort();
  const hash = createHash('sha256').update(JSON.stringify([POLICY.entry, POLICY.abortHandler, COMPILER_FLAGS]));
  hash.update(await readFile(createRequire(import.meta.url).resolve('assemblyscript/package.json')));
  for (const path of paths) {
    const bytes = await readFile(join(ROOT, path));
    hash.update(`\0${path}\0${bytes.byteLength}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 32);
}
