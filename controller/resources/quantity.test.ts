import { expect, it } from 'vitest';
import { parseQuantity } from './quantity.ts';

it.each([
  ['1', 1],
  ['16Ki', 16_384],
  ['1k', 1000],
  ['32M', 32_000_000],
  ['2Gi', 2_147_483_648],
  [4096, 4096],
  [-5, -5],
  [1e21, 1e21],
])('%s is %d', (text, number) => {
  expect(parseQuantity(text)).toBe(number);
});

it('what the schema does not let through is a bug', () => {
  expect(() => parseQuantity('1.5Ki')).toThrow('not a quantity');
});
