import { join } from 'node:path';
import type { FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { keepSet, readKeptSet } from './source/kept-set.ts';
import { type ProtoSource, readSources } from './source/sources.ts';

const KEPT_SET = join(import.meta.dirname, '../build/messages.binpb');

const sources = readSources();

/** What is in `proto/sluice`, compiled, with the google/protobuf files it imports. */
export const sluiceFileSet: FileDescriptorSet = readKeptSet(KEPT_SET, sources) ?? (await compile(sources));

/** The compiler is loaded only where it is needed. */
async function compile(changed: readonly ProtoSource[]): Promise<FileDescriptorSet> {
  const { compileSources } = await import('./source/file-set.ts');
  const set = compileSources(changed);
  keepSet(KEPT_SET, changed, set);
  return set;
}
