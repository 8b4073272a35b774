/**
 * Writes the AssemblyScript readers that take the configuration of filters as JSON, for who writes it by hand: the JSON mapping
 * of protobuf (https://protobuf.dev/programming-guides/json/), strict: a member that is unknown, or there twice, is an error.
 *
 * In modules of their own: a filter that is only configured by a controller has none of this.
 */
import { basename } from 'node:path';
import { type DescEnum, type DescField, type DescFile, type DescMessage, ScalarType } from '@bufbuild/protobuf';

/** The source for one .proto file. */
export function jsonSource(file: DescFile): string {
  const fields = file.messages.flatMap((message) => message.fields);
  const members = [...new Set(fields.map(({ jsonName }) => jsonName))].sort();
  return [
    'import { nextElement, nextKey, valueUnder, Json } from "../../sdk/assembly/json";\n',
    'import { JsonReader } from "../../sdk/assembly/json-reader";\n',
    'import { literal } from "../../sdk/assembly/slice";\n',
    ...importsOf(file),
    '\n',
    ...members.map((name) => `const ${constantOf(name)} = literal("${name}");\n`),
    ...enumsOf(fields).map(enumSource),
    ...file.messages.map(messageSource),
  ].join('');
}

function importsOf(file: DescFile): readonly string[] {
  const own = file.messages.map(({ name }) => name);
  const foreign = new Map<string, Set<string>>();
  for (const { message } of file.messages.flatMap(({ fields }) => fields)) {
    if (message === undefined || message.file === file) continue;
    const names = foreign.get(basename(message.file.name)) ?? new Set();
    foreign.set(basename(message.file.name), names.add(message.name));
  }
  return [
    `import { ${own.join(', ')} } from "../${basename(file.name)}";\n`,
    ...[...foreign].map(([name, names]) => {
      const readers = [...names].map(readerOf).join(', ');
      return `import { ${readers} } from "./${name}";\n`;
    }),
  ];
}

function enumsOf(fields: readonly DescField[]): readonly DescEnum[] {
  return [...new Set(fields.flatMap((field) => (field.enum === undefined ? [] : [field.enum])))];
}

/** A value of an enum is written as its full name. */
function enumSource({ name, values }: DescEnum): string {
  const texts = values.map((value) => `"${value.name}"`).join(', ');
  return `const ${namesOf(name)}: string[] = [${texts}];\n`;
}

function messageSource(message: DescMessage): string {
  const { name, fields } = message;
  const branches = fields.map(
    (field) => `    if (r.isMember(j, k, ${constantOf(field.jsonName)})) ${takeField(field)}\n`,
  );
  return [
    `\nexport function ${readerOf(name)}(j: Json, r: JsonReader): ${name} {\n`,
    `  const m = new ${name}();\n`,
    '  for (let k = r.firstKey(j); k != 0; k = nextKey(j, k)) {\n    const v = valueUnder(k);\n',
    ...branches.map((branch, index) => (index === 0 ? branch : branch.replace('    if', '    else if'))),
    fields.length === 0 ? '    r.fail();\n' : '    else r.fail();\n',
    '  }\n  return m;\n}\n',
  ].join('');
}

function takeField(field: DescField): string {
  const member = `m.${field.localName}`;
  const set = field.oneof === undefined ? '' : ` m.${field.oneof.localName}Case = ${field.number};`;
  if (field.fieldKind !== 'list') return `{ ${member} = ${readOf(field, 'v')};${set} }`;
  const elements = 'for (let e = r.firstElement(v); e != 0; e = nextElement(v, e))';
  return `{ ${elements} ${member}.push(${readOf(field, 'e')}); }`;
}

function readOf(field: DescField, value: string): string {
  if (field.message !== undefined) return `${readerOf(field.message.name)}(${value}, r)`;
  if (field.enum !== undefined) return `r.choice(${value}, ${namesOf(field.enum.name)})`;
  switch (field.scalar) {
    case ScalarType.STRING:
      return `r.text(${value})`;
    case ScalarType.BYTES:
      return `r.bytes(${value})`;
    case ScalarType.BOOL:
      return `r.flag(${value})`;
    case ScalarType.UINT32:
      return `<u32>r.whole(${value}, u32.MAX_VALUE)`;
    case ScalarType.UINT64:
      return `r.whole(${value}, u64.MAX_VALUE)`;
    default:
      throw new Error(`${field.toString()}: scalars of type ${field.proto.type} are outside what filters read`);
  }
}

function readerOf(message: string): string {
  return `${message.slice(0, 1).toLowerCase()}${message.slice(1)}FromJson`;
}

function constantOf(name: string): string {
  return `K_${name}`;
}

function namesOf(name: string): string {
  return `NAMES_OF_${name}`;
}
