import { create } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as FieldType,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  MessageOptionsSchema,
} from '@bufbuild/protobuf/wkt';
import protobufjs, { type Field } from 'protobufjs';
import { type CustomOption, readFieldOptions } from './option.ts';

const SCALARS: ReadonlyMap<string, FieldType> = new Map([
  ['double', FieldType.DOUBLE],
  ['float', FieldType.FLOAT],
  ['int64', FieldType.INT64],
  ['uint64', FieldType.UINT64],
  ['int32', FieldType.INT32],
  ['fixed64', FieldType.FIXED64],
  ['fixed32', FieldType.FIXED32],
  ['bool', FieldType.BOOL],
  ['string', FieldType.STRING],
  ['bytes', FieldType.BYTES],
  ['uint32', FieldType.UINT32],
  ['sfixed32', FieldType.SFIXED32],
  ['sfixed64', FieldType.SFIXED64],
  ['sint32', FieldType.SINT32],
  ['sint64', FieldType.SINT64],
]);

/** What one field of a .proto file becomes. Types that are not scalar carry their name as written and no `type`. */
export interface ParsedField {
  readonly field: FieldDescriptorProto;
  readonly options: readonly CustomOption[];
  /** The message that stands for the entries of a map field. */
  readonly entry?: DescriptorProto;
}

/** Gives the descriptor of a field or an extension that is declared in `scope` (a message or the package). */
export function parseField(field: Field, scope: string): ParsedField {
  const where = `${scope}.${field.name}`;
  const repeated = field.map || field.rule === 'repeated';
  const entry = field instanceof protobufjs.MapField ? mapEntry(field) : undefined;
  const descriptor = create(FieldDescriptorProtoSchema, {
    name: field.name,
    number: field.id,
    label: repeated ? Label.REPEATED : Label.OPTIONAL,
    jsonName: jsonName(field.name),
    ...(entry === undefined ? typeOf(field.type) : { typeName: entry.name }),
    ...(field.extend === undefined ? {} : { extendee: field.extend }),
    ...(field.partOf?.isProto3Optional === true ? { proto3Optional: true } : {}),
  });
  const options: CustomOption[] = [];
  for (const option of readFieldOptions(field.parsedOptions ?? [], where)) {
    switch (option.kind) {
      case 'deprecated':
        descriptor.options ??= create(FieldOptionsSchema);
        descriptor.options.deprecated = option.value;
        break;
      case 'json_name':
        descriptor.jsonName = option.value;
        break;
      case 'custom':
        options.push({ field: descriptor, scope, name: option.name, value: option.value });
        break;
    }
  }
  return { field: descriptor, options, ...(entry === undefined ? {} : { entry }) };
}

function typeOf(name: string): { type: FieldType } | { typeName: string } {
  const type = SCALARS.get(name);
  return type === undefined ? { typeName: name } : { type };
}

/** The message of a map's entries (protobuf language guide, "Maps": backwards compatibility). */
function mapEntry(field: protobufjs.MapField): DescriptorProto {
  const part = (name: string, number: number, type: string): FieldDescriptorProto =>
    create(FieldDescriptorProtoSchema, { name, number, label: Label.OPTIONAL, jsonName: name, ...typeOf(type) });
  const camel = jsonName(`_${field.name}`);
  return create(DescriptorProtoSchema, {
    name: `${camel}Entry`,
    field: [part('key', 1, field.keyType), part('value', 2, field.type)],
    options: create(MessageOptionsSchema, { mapEntry: true }),
  });
}

/** The default JSON name of a field: underscores go, the letter after each becomes upper case. */
function jsonName(name: string): string {
  return name.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase());
}
