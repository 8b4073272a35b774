import { createFileRegistry } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { compileSources } from '../source/file-set.ts';
import { readSources } from '../source/sources.ts';
import { generateReaders } from './generate-readers.ts';

/** Generates from .proto files of the package that filters read: a name to what stands in it. */
function generate(files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const head = ['syntax = "proto3";', 'package sluice.filter.v1;', 'import "sluice/filter/v1/needs.proto";'].join('\n');
  const needs = readSources().filter(({ name }) => name === 'sluice/filter/v1/needs.proto');
  const own = Object.entries(files).map(([name, text]) => ({
    name: `sluice/filter/v1/${name}`,
    text: `${head}\n${text}`,
  }));
  return generateReaders(createFileRegistry(compileSources([...needs, ...own])));
}

const one = (body: string): string => generate({ 'a.proto': body }).get('a.ts') ?? '';

describe('readers', () => {
  it('are two sources for each .proto file with messages, and the newest revision of any field', () => {
    const sources = generate({
      'a.proto': 'message A { uint32 needs = 1; string x = 2 [(since) = 1]; }',
      'b.proto': 'import "sluice/filter/v1/a.proto"; message B { A a = 1 [(since) = 7]; bool b = 2 [(since) = 3]; }',
    });
    expect([...sources.keys()]).toEqual(['a.ts', 'b.ts', 'json/a.ts', 'json/b.ts', 'revision.ts']);
    expect(sources.get('revision.ts')).toContain('export const REVISION: u32 = 7;');
    expect(sources.get('b.ts')).toContain('import { A } from "./a";');
  });

  it('are the same for the same files', () => {
    expect(generateReaders()).toEqual(generateReaders());
  });

  it('know the values of an enum', () => {
    const source = one('enum E { E_A = 0; E_B = 1; } message M { E e = 1 [(since) = 1]; }');
    expect(source).toContain('export const B: i32 = 1;');
    expect(source).toContain('r.choice(2)');
  });

  it('say which member of a oneof is set', () => {
    const source = one('message M { oneof o { string a = 1 [(since) = 1]; bool b = 4 [(since) = 1]; } }');
    expect(source).toContain('m.oCase = 4;');
  });

  it.each([
    ['a map', 'message M { map<string, string> a = 1 [(since) = 1]; }', /M\.a: maps are outside/],
    ['a number that filters have no use for', 'message M { double a = 1 [(since) = 1]; }', /M\.a: scalars of type/],
    ['a field without (since)', 'message M { bool a = 1; }', /M\.a: the option \(since\) is missing/],
    ['an enum with a gap', 'enum E { E_A = 0; E_C = 2; } message M { E e = 1 [(since) = 1]; }', /E: .* there is no 1/],
  ])('refuse %s', (_, body, message) => {
    expect(() => one(body)).toThrow(message);
  });
});
