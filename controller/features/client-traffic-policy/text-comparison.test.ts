import { describe, expect, it } from 'vitest';
import { RegexBudget } from '../../regex/automaton.ts';
import { textTest } from './text-comparison.ts';

describe('a comparison', () => {
  it.each([
    ['exact', ':status', true],
    ['exact', 'status', false],
    ['prefix', ':', true],
    ['prefix', 'x-', false],
    ['suffix', 'status', true],
    ['suffix', 'x', false],
    ['regex', '.*', true],
    ['regex', ':.*s', true],
    ['regex', 'status', false],
  ] as const)('%s %s with :status comes to %s', (kind, value, matches) => {
    const test = textTest({ kind, value }, new RegexBudget());
    expect(test.ok && test.value(':status')).toBe(matches);
    expect(test.ok).toBe(true);
  });

  it.each(['(', '\\bstatus', '(?i)(.*\\pL.{9})'])('with %s cannot be tried', (value) => {
    expect(textTest({ kind: 'regex', value }, new RegexBudget()).ok).toBe(false);
  });
});
