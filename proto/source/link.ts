import type { DescriptorProto, FieldDescriptorProto, FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { FieldDescriptorProto_Type as FieldType } from '@bufbuild/protobuf/wkt';

/** What a name stands for, and the file that declares it. */
export interface Declared {
  readonly kind: 'message' | 'enum' | 'extension';
  readonly file: string;
}

/** Every message, enum and extension by its full name, without a leading dot. */
export type Scope = ReadonlyMap<string, Declared>;

/** Collects the names that `files` declare. */
export function declaredNames(files: readonly FileDescriptorProto[]): Scope {
  const names = new Map<string, Declared>();
  const addMessage = (message: DescriptorProto, parent: string, file: string): void => {
    const name = `${parent}.${message.name}`;
    names.set(name, { kind: 'message', file });
    for (const nested of message.nestedType) addMessage(nested, name, file);
    for (const nested of message.enumType) names.set(`${name}.${nested.name}`, { kind: 'enum', file });
  };
  for (const file of files) {
    for (const message of file.messageType) addMessage(message, file.package, file.name);
    for (const type of file.enumType) names.set(`${file.package}.${type.name}`, { kind: 'enum', file: file.name });
    for (const extension of file.extension) {
      names.set(`${file.package}.${extension.name}`, { kind: 'extension', file: file.name });
    }
  }
  return names;
}

/**
 * Replaces the names in `file` by full names with a leading dot, and sets the type of the fields that have them.
 * Throws when a name stands for nothing that `file` declares or imports.
 */
export function linkFile(file: FileDescriptorProto, names: Scope): void {
  const visible = new Set([file.name, ...file.dependency]);
  const link = (written: string, scope: string): { readonly name: string; readonly type: FieldType } => {
    const name = resolveName(written, scope, names);
    const declared = names.get(name);
    if (declared === undefined) throw new Error(`${file.name}: ${scope} names ${written}, which is declared nowhere`);
    if (!visible.has(declared.file)) {
      throw new Error(`${file.name}: ${scope} names ${written}, but ${declared.file} is not imported`);
    }
    return { name: `.${name}`, type: declared.kind === 'enum' ? FieldType.ENUM : FieldType.MESSAGE };
  };
  const linkField = (field: FieldDescriptorProto, scope: string): void => {
    if (field.extendee !== '') field.extendee = link(field.extendee, scope).name;
    if (field.typeName !== '') ({ name: field.typeName, type: field.type } = link(field.typeName, scope));
  };
  const linkMessage = (message: DescriptorProto, parent: string): void => {
    const scope = `${parent}.${message.name}`;
    for (const field of message.field) linkField(field, scope);
    for (const nested of message.nestedType) linkMessage(nested, scope);
  };
  for (const message of file.messageType) linkMessage(message, file.package);
  for (const extension of file.extension) linkField(extension, file.package);
  for (const service of file.service) {
    for (const method of service.method) {
      method.inputType = link(method.inputType, file.package).name;
      method.outputType = link(method.outputType, file.package).name;
    }
  }
}

/**
 * Gives the full name, without a leading dot, that `written` stands for in `scope`: the innermost enclosing scope that
 * declares it wins (protobuf language guide, "Packages and Name Resolution"). Gives `written` when none does.
 */
export function resolveName(written: string, scope: string, names: Scope): string {
  if (written.startsWith('.')) return written.slice(1);
  const path = scope.split('.');
  for (let depth = path.length; depth > 0; depth -= 1) {
    const name = [...path.slice(0, depth), written].join('.');
    if (names.has(name)) return name;
  }
  return written;
}
