import type { FieldDescriptorProto } from '@bufbuild/protobuf/wkt';

/** A custom option as a field of a .proto file states it: `[(since) = 1]`. */
export interface CustomOption {
  readonly field: FieldDescriptorProto;
  /** The message or package in whose scope `name` is looked up, without a leading dot. */
  readonly scope: string;
  /** The extension's name as written, without the parentheses. */
  readonly name: string;
  readonly value: string | number | boolean;
}

/** An option of a field, told apart: what protobuf defines, or an extension. */
export type FieldOption =
  | { readonly kind: 'deprecated'; readonly value: boolean }
  | { readonly kind: 'json_name'; readonly value: string }
  | { readonly kind: 'custom'; readonly name: string; readonly value: string | number | boolean };

/**
 * Reads the option list of a field as protobufjs parses it (one object of one key each). Throws on an option that
 * Sluice's own .proto files have no use for yet: an option that is dropped would be a promise that nobody keeps.
 */
export function readFieldOptions(list: readonly Readonly<Record<string, unknown>>[], where: string): FieldOption[] {
  return list.flatMap(Object.entries).map(([key, value]) => readOption(key, value, where));
}

function readOption(key: string, value: unknown, where: string): FieldOption {
  if (key === 'deprecated' && typeof value === 'boolean') return { kind: 'deprecated', value };
  if (key === 'json_name' && typeof value === 'string') return { kind: 'json_name', value };
  const custom = /^\(\.?([\w.]+)\)$/.exec(key)?.[1];
  if (custom !== undefined && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')) {
    return { kind: 'custom', name: custom, value };
  }
  throw new Error(
    `${where}: option ${key} = ${JSON.stringify(value)} is not supported; deprecated, json_name and (extension) of a scalar type are`,
  );
}
