import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ociLayout, replaceFolder } from './build/oci-layout.ts';
import { compilePolicy } from './build/policy.ts';

export { compilePolicy } from './build/policy.ts';

/**
 * Builds every filter and writes it to `<outDir>/<filter>/` as an OCI image layout, the same bytes for the same
 * sources. The only filter so far is `policy`.
 *
 * @param options.log receives what is being done, a few words at a time.
 * @throws Error when a filter does not compile, or when Envoy would not load it.
 */
export async function buildFilters(outDir: string, options: { log?: (text: string) => void } = {}): Promise<void> {
  options.log?.('compiling policy');
  const wasm = await compilePolicy();
  await replaceFolder(join(outDir, 'policy'), ociLayout(wasm));
  options.log?.(`policy: ${wasm.byteLength} bytes`);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  await buildFilters(values.out ?? join(import.meta.dirname, '../build/filters'), {
    log: (text) => void process.stderr.write(`filters: ${text}\n`),
  });
}
