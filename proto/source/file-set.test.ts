import { createFileRegistry, type FileRegistry, getOption } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence, FieldDescriptorProto_Type as FieldType } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { compileSources } from './file-set.ts';

const file = (name: string, body: string): { name: string; text: string } => ({
  name,
  text: `syntax = "proto3";\npackage test.v1;\n${body}\n`,
});

const compile = (...bodies: readonly string[]): FileRegistry =>
  createFileRegistry(compileSources(bodies.map((body, index) => file(`test/${index}.proto`, body))));

const fieldOf = (registry: FileRegistry, message: string, field: string) => {
  const found = registry.getMessage(message)?.fields.find((one) => one.name === field);
  if (found === undefined) throw new Error(`${message}.${field} expected`);
  return found;
};

describe('a field', () => {
  const registry = compile(`
    import "google/protobuf/duration.proto";
    message M {
      uint64 size_of_it = 1;
      optional string maybe = 2;
      repeated sint32 many = 3;
      map<string, Inner> by_name = 4;
      Kind kind = 5;
      google.protobuf.Duration wait = 6;
      oneof choice { string left = 7; Inner right = 8; }
      string old = 9 [deprecated = true, json_name = "ancient"];
      message Inner { Kind kind = 1; }
      enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 3; }
      reserved 20, 30 to 32;
      reserved "gone";
    }`);
  const field = (name: string) => fieldOf(registry, 'test.v1.M', name);

  test('of a scalar type has no presence, and its JSON name in camel case', () => {
    expect(field('size_of_it')).toMatchObject({
      fieldKind: 'scalar',
      jsonName: 'sizeOfIt',
      presence: Presence.IMPLICIT,
    });
  });
  test('that is optional has presence, and is in no oneof', () => {
    expect(field('maybe')).toMatchObject({ presence: Presence.EXPLICIT, oneof: undefined });
  });
  test('that is repeated is a packed list', () => {
    expect(field('many')).toMatchObject({ fieldKind: 'list', packed: true });
  });
  test('that is a map knows the types of its keys and values', () => {
    expect(field('by_name')).toMatchObject({
      fieldKind: 'map',
      mapKey: FieldType.STRING,
      message: { typeName: 'test.v1.M.Inner' },
    });
  });
  test('finds an enum and a message of its own scope, and an imported one', () => {
    expect(field('kind')).toMatchObject({ fieldKind: 'enum', enum: { typeName: 'test.v1.M.Kind' } });
    expect(field('right')).toMatchObject({ fieldKind: 'message', message: { typeName: 'test.v1.M.Inner' } });
    expect(field('wait')).toMatchObject({ message: { typeName: 'google.protobuf.Duration' } });
  });
  test('in a oneof is listed in it', () => {
    expect(registry.getMessage('test.v1.M')?.oneofs.map((oneof) => oneof.fields.map((one) => one.name))).toEqual([
      ['left', 'right'],
    ]);
  });
  test('keeps the options of protobuf', () => {
    expect(field('old')).toMatchObject({ deprecated: true, jsonName: 'ancient' });
  });
  test('may not take what the message reserves', () => {
    expect(registry.getMessage('test.v1.M')?.proto).toMatchObject({
      reservedName: ['gone'],
      reservedRange: [
        { start: 20, end: 21 },
        { start: 30, end: 33 },
      ],
    });
  });
});

test('a custom option is an extension of the field options, in whatever scope it is named', () => {
  const registry = compile(
    'import "google/protobuf/descriptor.proto"; extend google.protobuf.FieldOptions { uint32 since = 51301; }',
    'import "test/0.proto"; message M { string a = 1 [(since) = 3]; string b = 2 [(test.v1.since) = 4]; string c = 3; }',
  );
  const since = registry.getExtension('test.v1.since');
  if (since === undefined) throw new Error('test.v1.since expected');
  expect(['a', 'b', 'c'].map((name) => getOption(fieldOf(registry, 'test.v1.M', name), since))).toEqual([3, 4, 0]);
});

test('a service knows its messages and which side streams', () => {
  const registry = compile('message A {} message B {} service S { rpc Call(stream A) returns (B); }');
  expect(registry.getService('test.v1.S')?.methods).toMatchObject([
    {
      name: 'Call',
      methodKind: 'client_streaming',
      input: { typeName: 'test.v1.A' },
      output: { typeName: 'test.v1.B' },
    },
  ]);
});

test('imports come before their importers, and only what is imported comes along', () => {
  const set = compileSources([
    file('test/a.proto', 'import "test/b.proto"; message A { B b = 1; }'),
    file('test/b.proto', 'import "google/protobuf/any.proto"; message B { google.protobuf.Any any = 1; }'),
  ]);
  expect(set.file.map((one) => one.name)).toEqual(['google/protobuf/any.proto', 'test/b.proto', 'test/a.proto']);
});

test.each([
  ['a syntax error, with its line', 'message M {\n string = 1; }', /test\/0\.proto: .*line 4/],
  ['a type that is declared nowhere', 'message M { Missing m = 1; }', /test\.v1\.M names Missing/],
  ['an import that is not there', 'import "test/z.proto";\nmessage M {}', /imports test\/z\.proto/],
  ['an extension that is not there', 'message M { string a = 1 [(since) = 1]; }', /no extension \(since\)/],
  ['an option it would have to drop', 'message M { string a = 1 [packed = true]; }', /option packed/],
  ['an option of a message', 'message M { option deprecated = true; }', /option deprecated/],
])('refuses %s', (_, body, message) => {
  expect(() => compile(body)).toThrow(message);
});

test('refuses a name of a file that is not imported', () => {
  expect(() => compile('message A {}', 'message B { A a = 1; }')).toThrow('test/0.proto is not imported');
});

test('refuses another syntax than proto3', () => {
  expect(() => compileSources([{ name: 'a.proto', text: 'syntax = "proto2";\npackage a;\n' }])).toThrow('proto3');
});
