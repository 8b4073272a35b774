import { describe, expect, it } from 'vitest';
import { lazily } from './lazily.ts';

describe('what is put off', () => {
  it('is made when it is first wanted, and once', () => {
    let times = 0;
    const wanted = lazily(() => (times += 1));
    expect(times).toBe(0);
    expect([wanted(), wanted()]).toEqual([1, 1]);
  });

  it('is tried again when it throws', () => {
    let times = 0;
    const wanted = lazily(() => {
      times += 1;
      if (times === 1) throw new Error('not yet');
      return times;
    });
    expect(wanted).toThrow('not yet');
    expect(wanted()).toBe(2);
  });
});
