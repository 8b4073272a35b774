import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { main } from 'assemblyscript/asc';
import { abiProblems } from './abi.ts';

/** How every filter is compiled; the reasons for each are in the measurements of the data plane. */
export const COMPILER_FLAGS: readonly string[] = [
  '-O3',
  '--noAssert',
  '--runtime',
  'minimal',
  '--exportStart',
  '_initialize',
];

/** Where the sources of a module are: a folder on disk, or texts in memory by their path relative to `baseDir`. */
export interface CompileInput {
  readonly baseDir: string;
  /** The entry file, relative to `baseDir`. */
  readonly entry: string;
  /**
   * What replaces `env.abort`: a function, as path relative to `baseDir` without `.ts`, a slash, and its name.
   * A source must import that file, and the entry must not export from it.
   */
  readonly abortHandler: string;
  /** All sources, when they are not on disk: none is read from there. */
  readonly sources?: ReadonlyMap<string, string>;
  /** Folders that stand for what is imported by the name of a package, "sluice/wasm". */
  readonly packages?: ReadonlyMap<string, string>;
}

/**
 * Compiles one AssemblyScript module in this process, and refuses a result that Envoy would not load.
 *
 * @throws Error with the diagnostics of the compiler, or with every violation of the ABI.
 */
export async function compileModule(input: CompileInput): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const diagnostics: string[] = [];
  const { sources, packages = new Map() } = input;
  const { error } = await main(
    [
      input.entry,
      ...COMPILER_FLAGS,
      '--use',
      `abort=${input.abortHandler}`,
      '--baseDir',
      input.baseDir,
      '--outFile',
      OUT_FILE,
    ],
    {
      stdout: { write: () => undefined },
      stderr: { write: (chunk: Uint8Array | string) => void diagnostics.push(String(chunk)) },
      writeFile: (name: string, contents: Uint8Array | string) => {
        if (name === OUT_FILE && typeof contents !== 'string') wasm = new Uint8Array(contents);
      },
      readFile: (name: string, baseDir: string) =>
        sources === undefined ? readSource(name, baseDir, packages) : (sources.get(name) ?? null),
      listFiles: () => [],
    },
  );
  if (error !== null || wasm === undefined) {
    const told = diagnostics.join('');
    if (told.includes(`Element '${input.abortHandler}' not found`)) {
      throw new Error(
        `${input.entry}: \`export * from "sluice/wasm/abi"\` is missing: Envoy looks for what it exports`,
      );
    }
    throw new Error(`${input.entry} does not compile: ${error?.message ?? 'no output'}\n${told}`);
  }
  const problems = abiProblems(wasm);
  if (problems.length > 0) throw new Error(`${input.entry}: the module ${problems.join('; it ')}`);
  return wasm;
}

/** A source by the name the compiler has for it; packages are looked for in folders named node_modules. */
async function readSource(
  name: string,
  baseDir: string,
  packages: ReadonlyMap<string, string>,
): Promise<string | null> {
  for (const [packageName, folder] of packages) {
    const [, path] = name.split(`node_modules/${packageName}/`);
    if (path !== undefined) return readText(join(folder, path));
  }
  return readText(resolve(baseDir, name));
}

async function readText(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}

const OUT_FILE = 'module.wasm';
