import { describe, expect, it } from 'vitest';
import { handedOnProblem, isWritableHeader, otherSpellings } from './header-name.ts';

it.each(['x-user', 'X-User', 'authorization', 'x_user'])('%s may be written', (name) => {
  expect(isWritableHeader(name)).toBe(true);
});

it.each(['', ':path', 'Host', 'content-length', 'Transfer-Encoding', 'a b', 'a:', 'ä', 'x\r\ny'])(
  '%j may not',
  (name) => {
    expect(isWritableHeader(name)).toBe(false);
  },
);

describe('a name under which something is handed on', () => {
  it.each([
    ['user', []],
    ['x-user', ['x_user']],
    ['x-user_id', ['x-user-id', 'x_user-id', 'x_user_id']],
  ])('%s may be brought as %j', (name, others) => {
    expect([...otherSpellings(name)].sort()).toEqual(others);
  });

  it('has few other spellings', () => {
    expect(handedOnProblem('x-a-b-c-d-e-f')).toBeUndefined();
    expect(handedOnProblem('x-a-b-c-d-e-f_g')).toBe(
      'found x-a-b-c-d-e-f_g, accepted are names with at most 6 of - and _',
    );
    expect(handedOnProblem('host')).toMatch(/^found host/u);
  });
});
