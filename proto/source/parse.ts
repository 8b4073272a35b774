import { create } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  EnumDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type ServiceDescriptorProto,
  ServiceDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import protobufjs from 'protobufjs';
import { parseField } from './field.ts';
import type { CustomOption } from './option.ts';
import type { ProtoSource } from './sources.ts';

/** A .proto file on its own: names of types are as written, custom options are beside the descriptor. */
export interface ParsedFile {
  readonly file: FileDescriptorProto;
  readonly options: readonly CustomOption[];
}

/**
 * Parses one proto3 file (https://protobuf.dev/reference/protobuf/proto3-spec). Throws on a syntax error, and on what
 * Sluice's own files have no use for: other syntaxes, files without a package, options other than those of fields.
 */
export function parseProto(source: ProtoSource): ParsedFile {
  if (!/^syntax = "proto3";$/m.test(source.text)) throw new Error(`${source.name}: syntax = "proto3"; expected`);
  const parsed = parse(source);
  const packageName = parsed.package;
  if (packageName === undefined) throw new Error(`${source.name}: a package expected`);
  const file = create(FileDescriptorProtoSchema, {
    name: source.name,
    package: packageName,
    dependency: parsed.imports ?? [],
    syntax: 'proto3',
  });
  const options: CustomOption[] = [];
  const namespace = parsed.root.lookup(packageName);
  if (!(namespace instanceof protobufjs.Namespace)) throw new Error(`${source.name}: nothing in ${packageName}`);
  refuseOptions(namespace);
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobufjs.Type) file.messageType.push(parseMessage(nested, options));
    else if (nested instanceof protobufjs.Enum) file.enumType.push(parseEnum(nested));
    else if (nested instanceof protobufjs.Service) file.service.push(parseService(nested));
    else if (nested instanceof protobufjs.Field) {
      const extension = parseField(nested, packageName);
      file.extension.push(extension.field);
      options.push(...extension.options);
    } else throw new Error(`${source.name}: ${nested.fullName} is not supported`);
  }
  return { file, options };
}

function parse(source: ProtoSource): protobufjs.IParserResult {
  try {
    return protobufjs.parse(source.text, new protobufjs.Root(), { keepCase: true });
  } catch (cause) {
    throw new Error(`${source.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function parseMessage(type: protobufjs.Type, options: CustomOption[]): DescriptorProto {
  refuseOptions(type);
  const scope = type.fullName.slice(1);
  const message = create(DescriptorProtoSchema, {
    name: type.name,
    ...reservations(type.reserved, 1),
  });
  // Oneofs that stand for `optional` fields come last (FieldDescriptorProto.proto3_optional).
  const oneofs = [...type.oneofsArray].sort((a, b) => Number(a.isProto3Optional) - Number(b.isProto3Optional));
  message.oneofDecl = oneofs.map((oneof) => ({ $typeName: 'google.protobuf.OneofDescriptorProto', name: oneof.name }));
  for (const declared of type.fieldsArray) {
    const { field, options: custom, entry } = parseField(declared, scope);
    if (declared.partOf !== null) field.oneofIndex = oneofs.indexOf(declared.partOf);
    if (entry !== undefined) message.nestedType.push(entry);
    message.field.push(field);
    options.push(...custom);
  }
  for (const nested of type.nestedArray) {
    if (nested instanceof protobufjs.Type) message.nestedType.push(parseMessage(nested, options));
    else if (nested instanceof protobufjs.Enum) message.enumType.push(parseEnum(nested));
    else throw new Error(`${nested.fullName.slice(1)}: only messages and enums may be declared in a message`);
  }
  return message;
}

function parseEnum(type: protobufjs.Enum): EnumDescriptorProto {
  refuseOptions(type);
  return create(EnumDescriptorProtoSchema, {
    name: type.name,
    value: Object.entries(type.values).map(([name, number]) => ({ name, number })),
    // The end of a reserved range is part of it in an enum, and not in a message.
    ...reservations(type.reserved, 0),
  });
}

function parseService(service: protobufjs.Service): ServiceDescriptorProto {
  refuseOptions(service);
  return create(ServiceDescriptorProtoSchema, {
    name: service.name,
    method: service.methodsArray.map((method) => {
      refuseOptions(method);
      return {
        name: method.name,
        inputType: method.requestType,
        outputType: method.responseType,
        clientStreaming: method.requestStream === true,
        serverStreaming: method.responseStream === true,
      };
    }),
  });
}

interface Reservations {
  readonly reservedName: string[];
  readonly reservedRange: { readonly start: number; readonly end: number }[];
}

/** protobufjs gives no list where nothing is reserved, whatever its types say. */
function reservations(reserved: readonly (readonly number[] | string)[] | undefined, afterEnd: 0 | 1): Reservations {
  const names: string[] = [];
  const ranges: { readonly start: number; readonly end: number }[] = [];
  for (const item of reserved ?? []) {
    if (typeof item === 'string') names.push(item);
    else ranges.push({ start: item[0] ?? 0, end: (item[1] ?? 0) + afterEnd });
  }
  return { reservedName: names, reservedRange: ranges };
}

function refuseOptions(object: protobufjs.ReflectionObject): void {
  const names = Object.keys(object.options ?? {});
  if (names.length > 0) throw new Error(`${object.fullName.slice(1)}: option ${names.join(', ')} is not supported`);
}
