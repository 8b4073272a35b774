import { expect, test } from 'vitest';
import { digestOf, fileOf, isPartial, partialOf } from './module-name.ts';

const HEX = 'ab'.repeat(32);

test('a digest names a file, and the file the digest', () => {
  expect(fileOf(`sha256:${HEX}`)).toBe(`sha256-${HEX}.wasm`);
  expect(digestOf(`sha256-${HEX}.wasm`)).toBe(`sha256:${HEX}`);
});

test.each([
  '',
  HEX,
  `sha512:${HEX}`,
  `sha256:${HEX.toUpperCase()}`,
  `sha256:${HEX}0`,
  `sha256:${HEX}\n`,
  'sha256:../../../../etc/passwd',
])('what is no digest names no file: %j', (digest) => {
  expect(fileOf(digest)).toBeUndefined();
});

test('a partial file is known for one, and for no module', () => {
  const partial = partialOf(`sha256-${HEX}.wasm`, '0123456789abcdef');
  expect(isPartial(partial)).toBe(true);
  expect(digestOf(partial)).toBeUndefined();
  expect(isPartial(`sha256-${HEX}.wasm`)).toBe(false);
});
