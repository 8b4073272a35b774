import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compileSources } from './file-set.ts';
import { keepSet, readKeptSet } from './kept-set.ts';
import { readSources } from './sources.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-set-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sources = readSources();
const set = compileSources(sources);

test('what is kept is what was compiled, options included', () => {
  const file = join(folder, 'nested', 'set');
  keepSet(file, sources, set);
  const kept = readKeptSet(file, sources);
  if (kept === undefined) throw new Error('a set expected');
  expect(toBinary(FileDescriptorSetSchema, kept)).toEqual(toBinary(FileDescriptorSetSchema, set));
});

test('a set of other sources, one that is cut off and none at all are not there', () => {
  const file = join(folder, 'set');
  keepSet(file, sources, set);
  expect(readKeptSet(file, [...sources, { name: 'a.proto', text: '' }])).toBeUndefined();
  writeFileSync(file, readFileSync(file).subarray(0, -1));
  expect(readKeptSet(file, sources)).toBeUndefined();
  expect(readKeptSet(join(folder, 'none'), sources)).toBeUndefined();
});

test('a place that cannot be written to is no error', () => {
  keepSet(join('/dev/null', 'set'), sources, set);
});
