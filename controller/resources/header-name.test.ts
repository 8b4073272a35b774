import { expect, it } from 'vitest';
import { isWritableHeader } from './header-name.ts';

it.each(['x-user', 'X-User', 'authorization', 'x_user'])('%s may be written', (name) => {
  expect(isWritableHeader(name)).toBe(true);
});

it.each(['', ':path', 'Host', 'content-length', 'Transfer-Encoding', 'a b', 'a:', 'ä', 'x\r\ny'])(
  '%j may not',
  (name) => {
    expect(isWritableHeader(name)).toBe(false);
  },
);
