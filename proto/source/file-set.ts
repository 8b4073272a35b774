import { create, createFileRegistry, type DescFile, setExtension } from '@bufbuild/protobuf';
import * as wellKnown from '@bufbuild/protobuf/wkt';
import { type FileDescriptorProto, type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { declaredNames, linkFile, resolveName, type Scope } from './link.ts';
import type { CustomOption } from './option.ts';
import { parseProto } from './parse.ts';
import type { ProtoSource } from './sources.ts';

/**
 * Compiles .proto files into one set: every file after its imports, with the google/protobuf files they import.
 * Throws on an import that is neither in `sources` nor of google/protobuf, and on whatever protoc would refuse of what
 * Sluice's files use. Custom options are set as extensions of google.protobuf.FieldOptions.
 */
export function compileSources(sources: readonly ProtoSource[]): FileDescriptorSet {
  const parsed = sources.map(parseProto);
  const file = importOrder(parsed.map((one) => one.file));
  const names = declaredNames(file);
  for (const one of parsed) linkFile(one.file, names);
  const set = create(FileDescriptorSetSchema, { file });
  setOptions(
    parsed.flatMap((one) => one.options),
    names,
    set,
  );
  return set;
}

function importOrder(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const byName = new Map([...wellKnownFiles(), ...files].map((file) => [file.name, file]));
  const done = new Set<string>();
  const ordered: FileDescriptorProto[] = [];
  const visit = (name: string, importer: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const file = byName.get(name);
    if (file === undefined) throw new Error(`${importer}: imports ${name}, which is not there`);
    for (const dependency of file.dependency) visit(dependency, name);
    ordered.push(file);
  };
  for (const file of files) visit(file.name, 'proto');
  return ordered;
}

function wellKnownFiles(): readonly FileDescriptorProto[] {
  return Object.values(wellKnown)
    .filter((value: unknown): value is DescFile => isObject(value) && 'kind' in value && value.kind === 'file')
    .map((file) => file.proto);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The set without the options says what each option's extension is, so it is built first. */
function setOptions(options: readonly CustomOption[], names: Scope, set: FileDescriptorSet): void {
  const extensions = createFileRegistry(set);
  for (const { field, scope, name, value } of options) {
    const extension = extensions.getExtension(resolveName(name, scope, names));
    if (extension === undefined) throw new Error(`${scope}.${field.name}: there is no extension (${name})`);
    field.options ??= create(wellKnown.FieldOptionsSchema);
    setExtension(field.options, extension, value);
  }
}
