import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locate, parseYaml } from './parse-yaml.ts';

describe('parsing a document', () => {
  it('gives a result for any text', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '*a',
      '&a ',
      '|',
      '>',
      '"',
      "'",
      '[',
      '{',
      '}',
      ']',
      '\t',
      '!!',
      '? ',
      '<<',
      ',',
      '%',
      '@',
      '\u0000',
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: piece })), (text) => {
        const parsed = parseYaml(text);
        const { line } = parsed.ok ? { line: 1 } : parsed.position;
        expect(line).toBeLessThanOrEqual(text.split('\n').length);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses a document that its aliases make large, at once', () => {
    const levels = Array.from(
      { length: 20 },
      (_, index) => `l${index + 1}: &l${index + 1} [${`*l${index},`.repeat(9)}]`,
    );
    const parsed = parseYaml(`l0: &l0 [x]\n${levels.join('\n')}\n`);
    expect(parsed).toMatchObject({ ok: false, message: expect.stringContaining('alias') });
  });

  it.each([
    ['flow', '['.repeat(100_000)],
    ['block', Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['closed flow', `${'['.repeat(5000)}${']'.repeat(5000)}`],
  ])('refuses deep nesting (%s)', (_, text) => {
    expect(parseYaml(text)).toMatchObject({ ok: false });
  });

  it.each([
    ['an alias without its anchor', 'a: ***\n', 1, 4, /text that begins with '\*' needs quotes/u],
    ['a key that is there twice', 'a: 1\na: 2\n', 2, 1, /keys must be unique/u],
    ['a value indented with a tab', 'a:\n\tb: 1\n', 2, 1, /tabs are not allowed as indentation/u],
    ['an unclosed list', 'a: [1,\n', 2, 1, /flow/u],
  ])('refuses %s and says where', (_, text, line, column, message) => {
    expect(parseYaml(text)).toMatchObject({
      ok: false,
      position: { line, column },
      message: expect.stringMatching(message),
    });
  });

  it('accepts tabs inside text', () => {
    expect(parseYaml('a: |\n  x\n  \ty\n')).toEqual({ ok: true, value: { a: 'x\n\ty\n' } });
  });

  it('merges keys', () => {
    expect(parseYaml('a: &a {x: 1}\nb: {<<: *a, y: 2}\n')).toEqual({
      ok: true,
      value: { a: { x: 1 }, b: { x: 1, y: 2 } },
    });
  });
});

describe('locating a field', () => {
  const text = 'spec:\n  rules:\n  - name: a\n  - matches:\n    - path: {value: /}\n';
  it.each([
    [['spec', 'rules', 1, 'matches', 0, 'path', 'value'], 5, 14],
    [['spec', 'rules', 1], 4, 5],
    [['spec', 'rules', 1, 'missing'], 4, 5],
    [['elsewhere'], 1, 1],
  ])('%j', (path, line, column) => {
    expect(locate(text, path)).toEqual({ line, column });
  });
});
