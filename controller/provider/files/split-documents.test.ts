import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { splitDocuments } from './split-documents.ts';

describe('splitting a stream of documents', () => {
  it.each([
    ['nothing', '', []],
    ['one document without a marker', 'a: 1\n', [['a: 1\n', 1]]],
    [
      'a marker between documents',
      'a: 1\n---\nb: 2\n',
      [
        ['a: 1\n', 1],
        ['---\nb: 2\n', 2],
      ],
    ],
    [
      'a comment and a directive before the first marker',
      '# c\n%YAML 1.2\n---\na: 1\n',
      [['# c\n%YAML 1.2\n---\na: 1\n', 1]],
    ],
    [
      'content and blanks after a marker',
      'a: 1\n--- b\n---   \nc: 3',
      [
        ['a: 1\n', 1],
        ['--- b\n', 2],
        ['---   \nc: 3', 3],
      ],
    ],
    [
      'the end of a document',
      'a: 1\n...\nb: 2\n',
      [
        ['a: 1\n...\n', 1],
        ['b: 2\n', 3],
      ],
    ],
    [
      'an empty document',
      '---\n---\na: 1\n',
      [
        ['---\n', 1],
        ['---\na: 1\n', 2],
      ],
    ],
    [
      'windows line ends and a byte order mark',
      '\uFEFFa: 1\r\n---\r\nb: 2\r\n',
      [
        ['a: 1\r\n', 1],
        ['---\r\nb: 2\r\n', 2],
      ],
    ],
    [
      'a marker inside a block scalar, which it ends',
      'a: |\n  x\n---\n  y\n',
      [
        ['a: |\n  x\n', 1],
        ['---\n  y\n', 3],
      ],
    ],
    ['dashes that are no marker', 'a: |\n  ---\n  b\n----\n', [['a: |\n  ---\n  b\n----\n', 1]]],
  ])('%s', (_, text, expected) => {
    expect(splitDocuments(text).map((piece) => [piece.text, piece.line])).toEqual(expected);
  });

  it('loses no text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ': ', '\n', '---', '...', ' ', '#', '%', '|', '\r\n') }),
        (text) => {
          expect(
            splitDocuments(text)
              .map((piece) => piece.text)
              .join(''),
          ).toBe(text);
        },
      ),
    );
  });

  it('finds the documents that a YAML parser finds', () => {
    const value = fc.oneof(
      fc.record({ a: fc.string(), b: fc.integer() }).map((object) => JSON.stringify(object)),
      fc.constantFrom('a: |\n  text\n  ---\n  more', "a: 'x\n  ---\n  y'", '- 1\n- 2', '# comment only\na: 1'),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
        const text = values.map((document) => `---\n${document}\n`).join('');
        expect(splitDocuments(text)).toHaveLength(parseAllDocuments(text).length);
      }),
    );
  });
});
