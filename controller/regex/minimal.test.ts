import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupsOf } from './minimal.ts';
import { Work } from './work.ts';

/** Pairs of states that no text of up to `length` classes tells apart. */
function isSame(next: Uint16Array, accepting: readonly boolean[], a: number, b: number, length: number): boolean {
  if (accepting[a] !== accepting[b]) return false;
  if (length === 0) return true;
  return [0, 1].every((symbol) =>
    isSame(next, accepting, next[a * 2 + symbol] ?? 0, next[b * 2 + symbol] ?? 0, length - 1),
  );
}

describe('the groups of states', () => {
  it('are those that no text tells apart', () => {
    const automaton = fc.integer({ min: 1, max: 6 }).chain((states) =>
      fc.record({
        accepting: fc.array(fc.boolean(), { minLength: states, maxLength: states }),
        next: fc.array(fc.nat(states - 1), { minLength: 2 * states, maxLength: 2 * states }),
      }),
    );
    fc.assert(
      fc.property(automaton, ({ accepting, next: targets }) => {
        const next = Uint16Array.from(targets);
        const groups = groupsOf({ classCount: 2, next, accepting }, new Work(10_000));
        for (const a of accepting.keys()) {
          for (const b of accepting.keys()) {
            expect(groups[a] === groups[b]).toBe(isSame(next, accepting, a, b, accepting.length));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of a long chain cost little more than its length', () => {
    const states = 2000;
    const next = Uint16Array.from({ length: states }, (_, state) => Math.min(state + 1, states - 1));
    const accepting = Array.from({ length: states }, (_, state) => state === states - 1);
    const work = new Work(20 * states);
    expect(new Set(groupsOf({ classCount: 1, next, accepting }, work)).size).toBe(states);
  });
});
