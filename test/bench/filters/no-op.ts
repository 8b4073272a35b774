import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMemoryStream, main } from 'assemblyscript/asc';
import type { JsonObject } from '../json.ts';
import { filter } from './filter-case.ts';

const SOURCE = `
export function proxy_abi_version_0_2_1(): void {}
const BYTES: usize = memory.data(65536, 8);
export function proxy_on_memory_allocate(size: usize): usize { return BYTES }
export function proxy_on_request_headers(context: u32, count: u32, end: u32): u32 { return 0 }
`;

/** Compiles a filter that does nothing into `folder`: the least that a filter in Wasm costs. */
export async function noOpFilter(folder: string): Promise<JsonObject> {
  const path = join(folder, 'no-op.wasm');
  const stderr = createMemoryStream();
  const { error } = await main(
    ['no-op.ts', '--outFile', 'no-op.wasm', '-O3', '--runtime', 'stub', '--exportStart', '_initialize'],
    {
      readFile: (name) => (name === 'no-op.ts' ? SOURCE : null),
      writeFile: (_, bytes) => writeFileSync(path, bytes),
      listFiles: () => [],
      stderr,
    },
  );
  if (error !== null) throw new Error(`the no-op filter does not compile: ${stderr.toString()}`);
  return filter('no-op', 'envoy.extensions.filters.http.wasm.v3.Wasm', {
    config: {
      name: 'no-op',
      root_id: 'no-op',
      vm_config: { vm_id: 'no-op', runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: path } } },
    },
  });
}
