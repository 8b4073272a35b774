import { describe, expect, it } from 'vitest';
import { RegexBudget } from '../../regex/automaton.ts';
import { Problems } from '../../resources/problems.ts';
import { translateSelectors } from './selectors.ts';

/** The words for headers that are to match these patterns. */
function problemsOf(patterns: readonly string[]): string {
  const place = { problems: new Problems(), budget: new RegexBudget() };
  const headers = patterns.map((value) => ({ type: 'RegularExpression', name: 'x-a', value, invert: false }) as const);
  translateSelectors([{ headers }], 'clientSelectors', place);
  return place.problems.toString();
}

describe('regular expressions of a limit', () => {
  it('are refused by name once they cost too much together, however many there are', () => {
    const said = problemsOf(Array.from({ length: 10_000 }, (_, index) => `(?i)(.*\\pL.{9})${index}`));
    expect(said).toMatch(/^clientSelectors\[0\]\.headers\[0\]\.value: the regular expression .* is too complex/u);
    expect(said).toMatch(/headers\[9\]\.value: found regular expressions .* together, accepted are/u);
    expect(said).toMatch(/; and 9980 more$/u);
    expect(said.length).toBeLessThan(5_000);
  });

  it('of any number that cost little are accepted', () => {
    expect(problemsOf(Array.from({ length: 1000 }, (_, index) => `tenant-${index}-[0-9a-f]+`))).toBe('');
  });

  it('that are equal cost once', () => {
    expect(problemsOf(Array.from({ length: 10_000 }, () => '\\pL+'))).toBe('');
  });
});
