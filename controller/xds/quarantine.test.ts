import { describe, expect, it } from 'vitest';
import { Quarantine } from './quarantine.ts';

interface Item {
  readonly name: number;
}

/** A proxy that rejects every version with a bad item in it; returns what it runs in the end, and how often it was asked. */
function search(count: number, isBad: (name: number) => boolean) {
  const items: readonly Item[] = Array.from({ length: count }, (_, name) => ({ name }));
  const quarantine = new Quarantine<Item>();
  let running: readonly Item[] = [];
  let asked = 0;
  for (let more = true; more;) {
    asked += 1;
    const { withheld } = quarantine;
    const version = items.filter((item) => !withheld.has(item));
    if (version.some(({ name }) => isBad(name))) {
      more = quarantine.rejected(
        () => items,
        () => 'bad',
      );
    } else {
      running = version;
      more = quarantine.accepted();
    }
  }
  return { running: running.map(({ name }) => name), bad: [...quarantine.bad.keys()].map(({ name }) => name), asked };
}

describe('what a proxy rejects as a whole', () => {
  it('is asked once when all is good', () => {
    expect(search(10, () => false)).toMatchObject({ bad: [], asked: 1 });
  });

  it.each([1, 2, 3, 7, 16])('is found among %i, wherever it is', (count) => {
    for (let bad = 0; bad < count; bad += 1) {
      const found = search(count, (name) => name === bad);
      expect(found.bad).toEqual([bad]);
      expect(found.running).toHaveLength(count - 1);
    }
  });

  it('is found in few steps among many', () => {
    expect(search(5_000, (name) => name === 3_333).asked).toBeLessThan(64);
  });

  it('may be several', () => {
    const found = search(100, (name) => name % 40 === 7);
    expect(found.bad.toSorted((a, b) => a - b)).toEqual([7, 47, 87]);
    expect(found.running).toHaveLength(97);
  });

  it('may be all', () => {
    expect(search(4, () => true)).toMatchObject({ bad: [0, 1, 2, 3], running: [] });
  });

  it('is forgotten when it is gone', () => {
    const quarantine = new Quarantine<Item>();
    const bad = { name: 1 };
    quarantine.rejected(
      () => [bad],
      () => 'bad',
    );
    quarantine.restart(() => true);
    expect(quarantine.withheld).toEqual(new Set([bad]));
    quarantine.restart(() => false);
    expect(quarantine.withheld).toEqual(new Set());
  });
});
