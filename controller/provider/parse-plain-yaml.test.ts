import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parsePlainYaml } from './parse-plain-yaml.ts';

/** The full parser's answer; undefined where it refuses the text. */
function full(text: string): unknown {
  try {
    return parse(text, { merge: true, strict: true, uniqueKeys: true, logLevel: 'error' });
  } catch {
    return undefined;
  }
}

const manifest = `# a comment
---
apiVersion: v1
metadata:
  name: "a"
  annotations:
    a.b/c: 'true'
list:
- a
-   name: b
    port: 80
- - 1
  - x: true
-
  y: ~
empty:
ratio: http://a/b:80
object: {}
`;

describe('the fast path for plain YAML', () => {
  it('reads an ordinary manifest as the full parser does', () => {
    expect(parsePlainYaml(manifest)).toEqual(full(manifest));
    expect(parsePlainYaml(manifest)).toBeDefined();
  });

  it.each([
    'a: 1.5',
    'a: 0x1F',
    'a: 0644',
    'a: b # comment',
    'a: |\n  text',
    'a: &x b',
    'a: [1]',
    'a: "\\n"',
    'a: b\n  c',
    'a: 1\na: 2',
    '1: a',
    'null: a',
    '__proto__: a',
    'a:\n\t b: c',
    'a: ä',
    'text',
    '',
    '--- a: b',
    'a: b: c',
    '- a\nb: c',
  ])('leaves %j to the full parser', (text) => {
    expect(parsePlainYaml(text)).toBeUndefined();
  });

  const piece = fc.constantFrom(
    'a: ',
    'b:',
    'c-d.e/f: ',
    '- ',
    '-',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n- ',
    '\n    ',
    '1',
    '08',
    '.5',
    '-1',
    'true',
    'null',
    '~',
    '"x"',
    "'y'",
    '{}',
    '[]',
    '#',
    ' #',
    ':',
    ': ',
    '---\n',
    '...',
    'http://h:80/p',
    'x y',
    '*',
    '&a',
    '|',
    '>',
    '!t',
    '<<: ',
    '?',
    ',',
  );

  it('never differs from the full parser on what it accepts', () => {
    fc.assert(
      fc.property(fc.string({ unit: piece, maxLength: 20 }), (text) => {
        const plain = parsePlainYaml(text);
        expect(plain ?? 'left').toEqual(plain === undefined ? 'left' : full(text));
      }),
      { numRuns: 30_000 },
    );
  });

  it('never differs from the full parser on objects that are written out', () => {
    const name = fc.stringMatching(/^[a-z][a-zA-Z0-9./-]{0,10}$/u);
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double(), name);
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.boolean(), (object, indentSeq) => {
        const text = stringify(object, { indentSeq });
        const plain = parsePlainYaml(text);
        expect(plain ?? 'left').toEqual(plain === undefined ? 'left' : full(text));
      }),
      { numRuns: 3000 },
    );
  });
});
