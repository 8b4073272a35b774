import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedTable } from './sorted-table.ts';

type Change = { readonly kind: 'set' | 'delete'; readonly key: string };

const change = (keys: number): fc.Arbitrary<Change> =>
  fc.record({ kind: fc.constantFrom('set', 'delete'), key: fc.integer({ min: 0, max: keys }).map(String) });

/** The same for a map; tells of each deletion whether there was anything. */
function applied(model: Map<string, object>, batch: readonly Change[]): readonly boolean[] {
  return batch.flatMap(({ kind, key }) => {
    if (kind === 'delete') return [model.delete(key)];
    model.set(key, { key });
    return [];
  });
}

describe('a sorted table', () => {
  it('lists what is in it by key, whatever came and went, in pieces that stay as they were handed out', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change(300), { maxLength: 200 }), { maxLength: 8 }), (batches) => {
        const table = new SortedTable<object>();
        const model = new Map<string, object>();
        for (const batch of batches) {
          const before = table.pieces();
          const copy = before.map((piece) => [...piece]);
          const deleted: boolean[] = [];
          for (const { kind, key } of batch) {
            const value = { key };
            if (kind === 'set') table.set(key, value);
            else deleted.push(table.delete(key));
          }
          expect(deleted).toEqual(applied(model, batch));
          const keys = [...model.keys()].sort((a, b) => (a < b ? -1 : 1));
          expect(table.list()).toEqual(keys.map((key) => model.get(key)));
          expect(before).toEqual(copy);
          expect(table.pieces().every(({ length }) => length > 0 && length <= 64)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('keeps every piece in which nothing changed', () => {
    const table = new SortedTable<number>();
    for (let value = 0; value < 10_000; value += 1) table.set(String(value).padStart(5, '0'), value);
    const before = new Set(table.pieces());
    expect(before.size).toBeLessThan(200);
    table.set('05000', -1);
    table.set('05000x', -2);
    expect(table.pieces().filter((piece) => !before.has(piece)).length).toBeLessThanOrEqual(2);
  });

  it('is the same list until something changes', () => {
    const table = new SortedTable<number>();
    table.set('a', 1);
    const list = table.list();
    table.set('a', 1);
    table.delete('b');
    expect(table.list()).toBe(list);
    table.set('a', 2);
    expect(table.list()).not.toBe(list);
  });
});
