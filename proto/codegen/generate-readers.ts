/**
 * Writes AssemblyScript readers for the configuration of our Wasm filters.
 *
 * In: the descriptors of `proto/sluice/filter`. Out: one source a .proto file, for `wasm-filters/gen/`. The readers are
 * total: bytes that are malformed clear `ok` of the reader and yield zero values; they never trap.
 */
import { basename } from 'node:path';
import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type FileRegistry,
  getOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { sluiceRegistry } from '../load.ts';
import { jsonSource } from './json-readers.ts';

/** Package of the messages that filters read. */
const PACKAGE = 'sluice.filter.v1';

/**
 * Gives the sources, by their file name in `wasm-filters/gen/`. Throws on a field of a kind that no filter reads yet.
 *
 * @param registry where the messages of the package are, and the extension `since`; Sluice's own without it
 */
export function generateReaders(registry: FileRegistry = sluiceRegistry()): ReadonlyMap<string, string> {
  const files = [...registry.files].filter((file) => file.proto.package === PACKAGE);
  const readers = files.filter(({ messages, enums }) => messages.length + enums.length > 0);
  return new Map([
    ...readers.map((file): [string, string] => [`${moduleOf(file)}.ts`, fileSource(file)]),
    ...readers.map((file): [string, string] => [`json/${moduleOf(file)}.ts`, NOTICE + jsonSource(file)]),
    ['revision.ts', revisionSource(files)],
  ]);
}

const NOTICE = '// Generated from proto/sluice/filter/v1 by proto/codegen/generate-readers.ts. Do not edit.\n';

/** The newest revision whose every field these readers know. */
function revisionSource(files: readonly DescFile[]): string {
  const since = files.flatMap(({ messages }) => messages.flatMap(({ fields }) => fields.map(sinceOf)));
  return `${NOTICE}/** Messages that need a later revision are refused. */\nexport const REVISION: u32 = ${Math.max(0, ...since)};\n`;
}

function sinceOf(field: DescField): number {
  const extension = sluiceRegistry().getExtension(`${PACKAGE}.since`);
  if (extension === undefined) throw new Error(`${PACKAGE}.since is not among the descriptors`);
  const value: unknown = getOption(field, extension);
  if (typeof value === 'number' && value > 0) return value;
  // `needs` carries the others' revisions. A field without one would be ignored by the filters that are older than it.
  if (field.name === 'needs') return 0;
  throw new Error(`${field.toString()}: the option (since) is missing; it is the revision in which the field appeared`);
}

function moduleOf(file: DescFile): string {
  return basename(file.name);
}

function fileSource(file: DescFile): string {
  return [
    NOTICE,
    'import { Reader } from "../sdk/assembly/reader";\n',
    'import { Slice } from "../sdk/assembly/slice";\n',
    ...importsOf(file),
    ...file.enums.map(
      ({ name, values }) =>
        `\nexport namespace ${name} {\n${values.map((v) => `  export const ${v.localName}: i32 = ${v.number};\n`).join('')}}\n`,
    ),
    ...file.messages.map(messageSource),
  ].join('');
}

function importsOf(file: DescFile): readonly string[] {
  const foreign = file.messages
    .flatMap(({ fields }) => fields.map((field) => field.message))
    .filter((message) => message !== undefined)
    .filter((message) => message.file !== file);
  return [...new Set(foreign)].map(({ name, file: other }) => `import { ${name} } from "./${moduleOf(other)}";\n`);
}

/** How a value is held and read. */
interface Codec {
  readonly type: string;
  readonly zero: string;
  /** Wire type of a single value. */
  readonly wire: 0 | 2;
  readonly read: string;
}

function codecOf(field: DescField): Codec {
  if (field.fieldKind === 'map') throw new Error(`${field.toString()}: maps are outside what filters read`);
  const message = field.message;
  if (message !== undefined)
    return { type: message.name, zero: 'null', wire: 2, read: `${message.name}.read(r.sub())` };
  if (field.enum !== undefined)
    return { type: 'i32', zero: '0', wire: 0, read: `<i32>r.choice(${valueCount(field.enum)})` };
  switch (field.scalar) {
    case ScalarType.STRING:
      return { type: 'Slice', zero: 'Slice.EMPTY', wire: 2, read: 'r.text()' };
    case ScalarType.BYTES:
      return { type: 'Slice', zero: 'Slice.EMPTY', wire: 2, read: 'r.bytes()' };
    case ScalarType.BOOL:
      return { type: 'bool', zero: 'false', wire: 0, read: 'r.varint() != 0' };
    case ScalarType.UINT32:
      return { type: 'u32', zero: '0', wire: 0, read: '<u32>r.varint()' };
    case ScalarType.UINT64:
      return { type: 'u64', zero: '0', wire: 0, read: 'r.varint()' };
    default:
      throw new Error(`${field.toString()}: scalars of type ${field.proto.type} are outside what filters read`);
  }
}

/** `needs` does not count the values of an enum, so a reader refuses those it does not know: they are 0 to this, less 1. */
function valueCount(type: DescEnum): number {
  const numbers = new Set(type.values.map((value) => value.number));
  for (let number = 0; number < numbers.size; number += 1) {
    if (!numbers.has(number))
      throw new Error(`${type.toString()}: its values must be 0, 1, 2 and so on; there is no ${number}`);
  }
  return numbers.size;
}

function messageSource(message: DescMessage): string {
  const { name, fields, oneofs } = message;
  const members = fields.map((field) => {
    const { type, zero } = codecOf(field);
    if (field.fieldKind === 'list') return `  ${field.localName}: ${type}[] = [];\n`;
    return field.message === undefined
      ? `  ${field.localName}: ${type} = ${zero};\n`
      : `  ${field.localName}: ${type} | null = null;\n`;
  });
  // Which member of a oneof is set: its field number, or 0.
  const cases = oneofs.map((oneof) => `  ${oneof.localName}Case: u32 = 0;\n`);
  return [
    `\nexport class ${name} {\n`,
    ...members,
    ...cases,
    `\n  static read(r: Reader): ${name} {\n    const m = new ${name}();\n    while (r.next()) {\n      switch (r.field) {\n`,
    ...fields.map(fieldSource),
    '        default: r.skip();\n      }\n    }\n    return m;\n  }\n}\n',
  ].join('');
}

function fieldSource(field: DescField): string {
  const { wire, read, type } = codecOf(field);
  const member = `m.${field.localName}`;
  const set = field.oneof === undefined ? '' : ` m.${field.oneof.localName}Case = ${field.number};`;
  const take = (value: string): string =>
    field.fieldKind === 'list' ? `${member}.push(${value});` : `${member} = ${value};`;
  const single =
    field.message === undefined
      ? `if (r.expect(${wire})) { ${take(read)}${set} }`
      : `if (r.expect(2)) { const s = r.sub(); ${take(`${type}.read(s)`)} r.join(s);${set} }`;
  // Packed and unpacked lists of numbers are the same list.
  const packed = field.fieldKind === 'list' && wire === 0;
  const body = packed
    ? `if (r.wire == 2) { const s = r.sub(); while (s.more()) { ${take(read.replace('r.', 's.'))} } r.join(s); } else ${single}`
    : single;
  return `        case ${field.number}: ${body} break;\n`;
}
