import { describe, expect, it } from 'vitest';
import type { LabelSelector } from '#controller/api/gen/types.d.ts';
import { selects } from './selectors.ts';

const labels = { team: 'shop', tier: 'web' };

describe('a selector of labels', () => {
  it.each([
    [{}, true],
    [{ matchLabels: { team: 'shop' } }, true],
    [{ matchLabels: { team: 'pay' } }, false],
    [{ matchExpressions: [{ key: 'team', operator: 'In', values: ['pay', 'shop'] }] }, true],
    [{ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['shop'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, true],
    [{ matchLabels: { team: 'shop' }, matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, false],
  ] satisfies readonly (readonly [LabelSelector, boolean])[])('%j: %s', (selector, selected) => {
    expect(selects(selector, labels)).toBe(selected);
  });

  it('finds no label in what every object has', () => {
    expect(selects({ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, labels)).toBe(false);
    expect(selects({ matchExpressions: [{ key: 'toString', operator: 'DoesNotExist' }] }, labels)).toBe(true);
  });
});
