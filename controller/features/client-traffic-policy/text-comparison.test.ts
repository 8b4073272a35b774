import { describe, expect, it } from 'vitest';
import { isMatch } from './text-comparison.ts';

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
    ['regex', '(', false],
  ] as const)('%s %s with :status comes to %s', (kind, value, matches) => {
    expect(isMatch({ kind, value }, ':status')).toBe(matches);
  });
});
