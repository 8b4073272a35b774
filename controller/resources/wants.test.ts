import { describe, expect, it } from 'vitest';
import { distinctWants, type KeySetWant } from './wants.ts';

const want: KeySetWant = { kind: 'KeySet', url: 'https://issuer.example/jwks', refresh: 1_000, retry: 1_000 };

describe('wants that one answer is enough for', () => {
  it('are one, as fresh as any of them asks for', () => {
    expect(distinctWants([want, { ...want, refresh: 500 }, { ...want, retry: 200 }])).toEqual([
      { ...want, refresh: 500, retry: 200 },
    ]);
  });

  it('give a try the longest time of them: nobody makes it shorter for others', () => {
    const timed = (timeout: number): KeySetWant => ({ ...want, timeout });
    expect(distinctWants([timed(5_000), timed(1)])).toEqual([timed(5_000)]);
    expect(distinctWants([timed(1), want])).toEqual([want]);
    expect(distinctWants([want, timed(1)])).toEqual([want]);
  });

  it('are several where other answers are wanted', () => {
    expect(distinctWants([want, { ...want, url: 'https://other.example/jwks' }])).toHaveLength(2);
  });
});
