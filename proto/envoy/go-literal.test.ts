import { expect, test } from 'vitest';
import { goStringBytes } from './go-literal.ts';

const bytesOf = (body: string): number[] => [...goStringBytes(Buffer.from(body))];

test.each([
  ['plain text', 'ab', [97, 98]],
  ['a letter beyond ASCII as UTF-8', 'é', [0xc3, 0xa9]],
  ['single-letter escapes', String.raw`\a\b\f\n\r\t\v\\\"`, [7, 8, 12, 10, 13, 9, 11, 92, 34]],
  ['\\x as one byte', String.raw`\xff0`, [0xff, 48]],
  ['octal as one byte', String.raw`\3770`, [0xff, 48]],
  ['\\u and \\U as UTF-8', String.raw`\u00e9\U0001f600`, [0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]],
])('reads %s', (_, body, bytes) => {
  expect(bytesOf(body)).toEqual(bytes);
});

test.each([String.raw`\q`, String.raw`\xz0`, String.raw`\x1`, String.raw`\8`, '\\'])('refuses %s', (body) => {
  expect(() => bytesOf(body)).toThrow('Go string literal');
});
