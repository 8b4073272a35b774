import { expect, it } from 'vitest';
import { matchIr } from './http-match.ts';

it.each([
  ['Exact', '/%41', '/A'],
  ['PathPrefix', '/a%7Eb%2dc', '/a~b-c'],
  ['Exact', '/a%20b%2Bc%C3%A9%25', '/a%20b%2Bc%C3%A9%25'],
  ['RegularExpression', '/%41', '/%41'],
] as const)('%s %s is matched as Envoy normalises requests: %s', (type, value, expected) => {
  expect(matchIr({ path: { type, value } }).path.value).toBe(expected);
});
