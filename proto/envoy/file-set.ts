import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Where the descriptor set of Envoy's API is kept; `extract.ts` makes it. */
export const ENVOY_SET_PATH = join(import.meta.dirname, 'envoy.binpb.gz');

/** Reads the descriptors of Envoy's API (v3) and of all they import, every file after its imports. */
export function envoyFileSet(): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, gunzipSync(readFileSync(ENVOY_SET_PATH)));
}
