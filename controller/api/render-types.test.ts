import { describe, expect, it } from 'vitest';
import { defineKind } from './kind.ts';
import { kinds } from './kinds.ts';
import { renderTypes } from './render-types.ts';
import { array, map, named, oneOf, required, string, withDefault } from './schema.ts';

const example = (fields: Parameters<typeof named>[1]) =>
  defineKind({
    group: 'a.b',
    kind: 'Example',
    plural: 'examples',
    storageVersion: 'v1',
    body: { spec: required(named('ExampleSpec', fields)) },
  });

describe('rendering types', () => {
  it('makes fields optional unless they are required or have a default', () => {
    const fields = {
      must: required(string()),
      may: { ...string(), deprecated: 'Use must.' },
      defaulted: withDefault(oneOf(['A', 'B']), 'A'),
      list: array(oneOf(['A', 'B'])),
      map: map(string()),
    };
    expect(renderTypes([example(fields)])).toContain(`export interface ExampleSpec {
  readonly must: string;
  /** @deprecated Use must. */
  readonly may?: string;
  readonly defaulted: 'A' | 'B';
  readonly list?: readonly ('A' | 'B')[];
  readonly map?: { readonly [key: string]: string };
}`);
  });

  it('refuses one name for two shapes', () => {
    const fields = { a: named('Same', { x: string() }), b: named('Same', { y: string() }) };
    expect(() => renderTypes([example(fields)])).toThrow(/Same stands for two shapes/u);
  });

  it('gives the same text each time', () => {
    expect(renderTypes(kinds)).toBe(renderTypes(kinds));
  });
});
