import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileFilter, filterNames } from './build/filter.ts';
import { packImage } from './build/image.ts';
import { ociLayout, replaceFolder } from './build/oci-layout.ts';

export { compileFilter } from './build/filter.ts';

/** Compiles the `policy` module; see `compileFilter`. */
export async function compilePolicy(): Promise<Uint8Array> {
  return compileFilter('policy');
}

/**
 * Builds every filter and writes it to `<outDir>/<filter>/` as an OCI image layout, the same bytes for the same
 * sources. A filter is a folder here with an `assembly/index.ts`.
 *
 * @param options.log receives what is being done, a few words at a time.
 * @throws Error when a filter does not compile, or when Envoy would not load it.
 */
export async function buildFilters(outDir: string, options: { log?: (text: string) => void } = {}): Promise<void> {
  for (const name of await filterNames()) {
    options.log?.(`compiling ${name}`);
    const wasm = await compileFilter(name);
    await replaceFolder(join(outDir, name), ociLayout(packImage(wasm, 'artifact')));
    options.log?.(`${name}: ${wasm.byteLength} bytes`);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  await buildFilters(values.out ?? join(import.meta.dirname, '../build/filters'), {
    log: (text) => void process.stderr.write(`filters: ${text}\n`),
  });
}
