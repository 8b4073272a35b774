import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { create, fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema, type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Where the descriptor set of Envoy's API is kept; `extract.ts` makes it. */
export const ENVOY_SET_PATH = join(import.meta.dirname, 'envoy.binpb.gz');

/** Reads the descriptors of Envoy's API (v3) and of all they import, every file after its imports. */
export function envoyFileSet(): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, envoySetBytes());
}

/**
 * Reads the descriptors of some files and of all they import, every file after its imports; the others are not even
 * decoded. Throws on a name that is not there.
 */
export function envoyFileSetOf(names: readonly string[]): FileDescriptorSet {
  const files = new Map(splitSet(envoySetBytes()).map((file) => [file.name, file]));
  const wanted = new Set<string>();
  const want = (name: string): void => {
    if (wanted.has(name)) return;
    wanted.add(name);
    const file = files.get(name);
    if (file === undefined) throw new Error(`no file ${name} in ${ENVOY_SET_PATH}`);
    file.imports.forEach(want);
  };
  names.forEach(want);
  const chosen = [...files.values()].filter(({ name }) => wanted.has(name));
  return create(FileDescriptorSetSchema, {
    file: chosen.map(({ bytes }) => fromBinary(FileDescriptorProtoSchema, bytes)),
  });
}

function envoySetBytes(): Uint8Array {
  return gunzipSync(readFileSync(ENVOY_SET_PATH));
}

/** A file of a set, of which only the beginning has been looked at. */
interface FilePart {
  readonly name: string;
  readonly imports: readonly string[];
  readonly bytes: Uint8Array;
}

// Numbers of fields in google/protobuf/descriptor.proto.
const SET_FILE = 1;
const FILE_NAME = 1;
const FILE_DEPENDENCY = 3;

function splitSet(set: Uint8Array): readonly FilePart[] {
  const reader = new BinaryReader(set);
  const parts: FilePart[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === SET_FILE) parts.push(filePart(reader.bytes()));
    else reader.skip(wireType, field);
  }
  return parts;
}

function filePart(bytes: Uint8Array): FilePart {
  const reader = new BinaryReader(bytes);
  let name = '';
  const imports: string[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited && field === FILE_NAME) name = reader.string();
    else if (wireType === WireType.LengthDelimited && field === FILE_DEPENDENCY) imports.push(reader.string());
    else reader.skip(wireType, field);
  }
  return { name, imports, bytes };
}
