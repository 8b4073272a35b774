import { describe, expect, it } from 'vitest';
import { collectGarbage, IdleCollection } from './memory.ts';
import { manualClock } from './testing/manual-clock.ts';

function counting() {
  const clock = manualClock();
  let collections = 0;
  const idle = new IdleCollection(clock, () => (collections += 1));
  return { clock, idle, collections: () => collections };
}

describe('garbage is collected', () => {
  it('once it is quiet after the start', () => {
    const { clock, idle, collections } = counting();
    idle.note(4);
    clock.pass(999);
    idle.note(4);
    clock.pass(999);
    expect(collections()).toBe(0);
    clock.pass(1);
    expect(collections()).toBe(1);
  });

  it('again after many changes, and not after a few', () => {
    const { clock, idle, collections } = counting();
    idle.note(1);
    clock.pass(1_000);
    for (let change = 0; change < 499; change += 1) {
      idle.note(1);
      clock.pass(1_000);
    }
    expect(collections()).toBe(1);
    idle.note(1);
    clock.pass(1_000);
    expect(collections()).toBe(2);
  });

  it('not after the end', () => {
    const { clock, idle, collections } = counting();
    idle.note(1_000);
    idle.stop();
    clock.pass(10_000);
    expect(collections()).toBe(0);
  });

  it('in fact', async () => {
    let garbage: object | undefined = { some: 'thing' };
    const seen = new WeakRef(garbage);
    garbage = undefined;
    // What a WeakRef was asked for, or made of, stays until the turn is over.
    await new Promise((resolve) => setTimeout(resolve, 1));
    collectGarbage();
    expect(seen.deref()).toBe(garbage);
  });
});
