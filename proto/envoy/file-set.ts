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
 * Reads the descriptors of the files that declare some messages or enums, and of all they import, every file after its
 * imports; the others are not even decoded. Names that no file declares are left out.
 */
export function envoyFileSetOf(names: readonly string[]): FileDescriptorSet {
  const parts = splitSet(envoySetBytes());
  const files = new Map(parts.map((file) => [file.name, file]));
  const wanted = new Set<string>();
  const want = (name: string): void => {
    if (wanted.has(name)) return;
    wanted.add(name);
    files.get(name)?.imports.forEach(want);
  };
  for (const name of names) {
    const file = parts.find(({ scope, bytes }) => name.startsWith(scope) && declares(bytes, name.slice(scope.length)));
    if (file !== undefined) want(file.name);
  }
  const chosen = parts.filter(({ name }) => wanted.has(name));
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
  /** What the names of its declarations begin with. */
  readonly scope: string;
  readonly imports: readonly string[];
  readonly bytes: Uint8Array;
}

// Numbers of fields in google/protobuf/descriptor.proto.
const SET_FILE = 1;
const FILE = { name: 1, package: 2, dependency: 3, message: 4, enum: 5 } as const;
const DECLARATION_NAME = 1;

function splitSet(set: Uint8Array): readonly FilePart[] {
  const parts: FilePart[] = [];
  for (const [field, reader] of fieldsOf(set)) if (field === SET_FILE) parts.push(filePart(reader.bytes()));
  return parts;
}

function filePart(bytes: Uint8Array): FilePart {
  let name = '';
  let scope = '';
  const imports: string[] = [];
  for (const [field, reader] of fieldsOf(bytes)) {
    if (field === FILE.name) name = reader.string();
    else if (field === FILE.package) scope = `${reader.string()}.`;
    else if (field === FILE.dependency) imports.push(reader.string());
    // Encoders write fields in the order of their numbers.
    else if (field >= FILE.message) break;
  }
  return { name, scope, imports, bytes };
}

/** Whether a file declares a message or an enum at its top, `path` being its name or that of something in it. */
function declares(file: Uint8Array, path: string): boolean {
  const [wanted] = path.split('.');
  for (const [field, reader] of fieldsOf(file)) {
    if (field === FILE.message || field === FILE.enum) {
      for (const [part, declaration] of fieldsOf(reader.bytes())) {
        if (part !== DECLARATION_NAME) continue;
        if (declaration.string() === wanted) return true;
        break;
      }
    }
  }
  return false;
}

/** The fields of a message that have a length; whoever does not read one passes over it. */
function* fieldsOf(message: Uint8Array): Iterable<readonly [field: number, reader: BinaryReader]> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const at = reader.pos;
    if (wireType === WireType.LengthDelimited) yield [field, reader];
    if (reader.pos === at) reader.skip(wireType, field);
  }
}
