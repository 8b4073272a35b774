/**
 * Makes the descriptor set of Envoy's API from the Go modules that go.mod pins.
 *
 * In: the modules' `.pb.go` files, whose embedded descriptors are the only complete published form of the API.
 * Out: `envoy.binpb.gz`, a gzipped google.protobuf.FileDescriptorSet; the same pins give the same bytes.
 * Refuses to know: protoc, and everything a descriptor does not say (comments).
 *
 * Run `node proto/envoy/extract.ts` after a change of the pins.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { downloadModules, type GoModule } from './go-modules.ts';
import { rawDescriptor } from './raw-descriptor.ts';

/**
 * The files that are kept, by module; of the others, what these import. Of Envoy's own the current version of the API
 * only (v2 is frozen, and Envoy 1.40 refuses it); of xDS all, since Envoy meets them in `Any` without importing them.
 */
const ROOTS: ReadonlyMap<string, RegExp> = new Map([
  ['github.com/envoyproxy/go-control-plane/envoy', /\/v3(?:alpha)?\//],
  ['github.com/cncf/xds/go', /^(?:xds|udpa)\//],
]);

/** Generated Go files that hold no descriptor of their own. */
const WITHOUT_DESCRIPTOR = /(?:\.validate|_vtproto\.pb|_grpc\.pb|\.pb\.gw)\.go$/;

/** Gives the bytes of `envoy.binpb.gz` for the pins in `<folder>/go.mod`. */
export function extract(folder: string): Uint8Array {
  const modules = downloadModules(folder);
  const files = new Map<string, FileDescriptorProto>();
  const roots: string[] = [];
  for (const module of modules) {
    for (const file of descriptorsOf(module)) {
      if (!files.has(file.name)) files.set(file.name, file);
      if (ROOTS.get(module.path)?.test(file.name) === true) roots.push(file.name);
    }
  }
  const set = create(FileDescriptorSetSchema, { file: closure(roots.sort(), files) });
  return gzipDeterministic(toBinary(FileDescriptorSetSchema, set));
}

function descriptorsOf(module: GoModule): FileDescriptorProto[] {
  return readdirSync(module.dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.pb.go') && !WITHOUT_DESCRIPTOR.test(path))
    .sort()
    .flatMap((path) => {
      const raw = rawDescriptor(readFileSync(join(module.dir, path), 'utf8'));
      return raw === undefined ? [] : [fromBinary(FileDescriptorProtoSchema, raw)];
    });
}

/** The roots and all they import, every file after its imports. Throws when an import is in none of the modules. */
function closure(roots: readonly string[], files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const done = new Set<string>();
  const ordered: FileDescriptorProto[] = [];
  const visit = (name: string, importer: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const file = files.get(name);
    if (file === undefined) throw new Error(`${importer} imports ${name}, which no module in go.mod holds`);
    for (const dependency of file.dependency) visit(dependency, name);
    ordered.push(file);
  };
  for (const root of roots) visit(root, 'go.mod');
  return ordered;
}

/** Gzip level 9 with a header (RFC 1952 section 2.3) that names no operating system, whatever made it. */
function gzipDeterministic(data: Uint8Array): Uint8Array {
  const zipped = gzipSync(data, { level: 9 });
  zipped[9] = 0xff;
  return zipped;
}

if (import.meta.main) {
  const target = join(import.meta.dirname, 'envoy.binpb.gz');
  const bytes = extract(import.meta.dirname);
  writeFileSync(target, bytes);
  process.stdout.write(`${target}: ${bytes.length} bytes\n`);
}
