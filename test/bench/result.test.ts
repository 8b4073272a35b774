import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';
import { result } from './result.ts';
import { median, spreadOf } from './statistics.ts';

describe('a result', () => {
  const measured = { id: 'c/edit/i', case: 'one edit (ms)', n: 5_000, ours: 30, reference: 20 };
  const target = { of: 'ratio', most: 1.5, words: 'at most 1.5 times' } as const;

  it('meets a target at its limit, and misses it above', () => {
    expect(result({ ...measured, target })).toMatchObject({ ratio: 1.5, met: true });
    expect(result({ ...measured, ours: 30.5, target })).toMatchObject({ met: false });
  });

  it('misses a target on a ratio whose reference could not be had', () => {
    expect(result({ ...measured, reference: undefined, target })).toMatchObject({ ratio: null, met: false });
  });

  it('misses a target with a value that is no number', () => {
    expect(result({ ...measured, ours: Number.NaN, target })).toMatchObject({ met: false });
  });
});

describe('statistics', () => {
  it('take the middle, or the mean of the middle two', () => {
    expect(median([9, 1, 2])).toBe(2);
    expect(median([9, 1, 2, 3])).toBe(2.5);
    expect(spreadOf([9.123, 1, 2])).toBe('1 to 9.12');
  });
});

describe('the command line', () => {
  it('takes parts in the order of the benchmark, and 20,000 routes with --full', () => {
    const parsed = parseOptions(['d', 'b', '--full'], '/out');
    expect(parsed).toMatchObject({ options: { parts: ['b', 'd'], sizes: [1, 1_000, 5_000, 20_000] } });
  });

  it('refuses a part and a flag that it does not know, and says what is accepted', () => {
    expect(parseOptions(['z'], '/out')).toMatchObject({
      message: expect.stringContaining('accepted are a, b, c, d, e, f'),
    });
    expect(parseOptions(['--fast'], '/out')).toMatchObject({ message: expect.stringContaining('--fast') });
  });
});
