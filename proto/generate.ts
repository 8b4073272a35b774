/**
 * Writes the TypeScript types of every message into `proto/gen/`.
 *
 * In: the file sets of `load.ts`. Out: one `_pb.d.ts` for each .proto file, and `index.d.ts`, which finds a type by its
 * full name. Declarations only: nothing in `proto/gen/` exists at run time, `schema()` gives the descriptors.
 *
 * Run `node proto/generate.ts` after a change of a .proto file; `npm test` and `npm run check` do it by themselves.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { protocGenEs } from '@bufbuild/protoc-gen-es/dist/cjs/src/protoc-gen-es-plugin.js';
import { envoyFileSet } from './envoy/file-set.ts';
import { indexPlugin } from './generate/index-plugin.ts';
import { compileSources } from './source/file-set.ts';
import { readSources } from './source/sources.ts';

/** Where the types go; git ignores it. */
export const GENERATED_TYPES = join(import.meta.dirname, 'gen');

/** Writes the types into the folder `out`, in place of whatever is there. Gives the number of files. */
export function generateTypes(out: string): number {
  const request = generatorRequest([...envoyFileSet().file, ...compileSources(readSources()).file]);
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- protoc-gen-es is CommonJS: the same enum, declared twice
  const files = [protocGenEs, indexPlugin].flatMap((plugin) => plugin.run(request).file);
  mkdirSync(dirname(out), { recursive: true });
  const fresh = mkdtempSync(`${out}-`);
  try {
    for (const file of files) {
      const path = join(fresh, file.name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, file.content);
    }
    rmSync(out, { recursive: true, force: true });
    renameSync(fresh, out);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return files.length;
}

/** Of a file that is given twice (google/protobuf) the first counts. protobuf-es brings the types of those itself. */
function generatorRequest(files: readonly FileDescriptorProto[]): CodeGeneratorRequest {
  const byName = new Map<string, FileDescriptorProto>();
  for (const file of files) if (!byName.has(file.name)) byName.set(file.name, file);
  const protoFile = [...byName.values()];
  return create(CodeGeneratorRequestSchema, {
    fileToGenerate: protoFile.map((file) => file.name).filter((name) => !name.startsWith('google/protobuf/')),
    parameter: 'target=dts,import_extension=js',
    protoFile,
  });
}

if (import.meta.main) {
  process.stdout.write(`${GENERATED_TYPES}: ${generateTypes(GENERATED_TYPES)} files\n`);
}
