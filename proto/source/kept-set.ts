import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { ProtoSource } from './sources.ts';

const HASH_BYTES = 32;

/** The set that was made of just these sources and kept in `file`; `undefined` where that holds another or none. */
export function readKeptSet(file: string, sources: readonly ProtoSource[]): FileDescriptorSet | undefined {
  try {
    const kept = readFileSync(file);
    if (!kept.subarray(0, HASH_BYTES).equals(hashOf(sources))) return undefined;
    return fromBinary(FileDescriptorSetSchema, kept.subarray(HASH_BYTES));
  } catch {
    return undefined;
  }
}

/** Keeps a set and what it was made of in `file`. Where that cannot be written the set is made again the next time. */
export function keepSet(file: string, sources: readonly ProtoSource[], set: FileDescriptorSet): void {
  const own = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(own, Buffer.concat([hashOf(sources), toBinary(FileDescriptorSetSchema, set)]));
    renameSync(own, file);
  } catch {
    // An installation that may not be written to: nothing is lost but time.
  }
}

function hashOf(sources: readonly ProtoSource[]): Buffer {
  const hash = createHash('sha256');
  for (const { name, text } of sources) hash.update(`${name}\0${text.length}\0${text}`);
  return hash.digest();
}
