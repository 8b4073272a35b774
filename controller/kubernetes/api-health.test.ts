import { describe, expect, it } from 'vitest';
import { apiHealth } from './api-health.ts';

const LOG = { info: () => undefined, warn: () => undefined, debug: () => undefined };

describe('the health of an API server', () => {
  function begin() {
    let now = 1_000_000;
    const health = apiHealth(LOG, { now: () => now });
    const tried: string[] = [];
    return {
      health,
      tried,
      wait: (what: string) => health.onRecovery(() => tried.push(what)),
      pass: (ms: number) => (now += ms),
    };
  }

  it('lets all that wait try again when the first of them is answered, and nobody who does not wait any more', () => {
    const { health, tried, wait } = begin();
    for (const what of ['a', 'b', 'c']) health.failed(what, 'gone', 20_000);
    wait('a');
    wait('b');
    wait('c')();
    health.fine('d');
    expect(tried).toEqual([]);
    health.fine('a');
    expect(tried).toEqual(['a', 'b']);
  });

  it('lets nobody ask again and again a server that answers now and then', () => {
    const { health, tried, wait, pass } = begin();
    const flap = (): void => {
      health.failed('a', 'refused', 400);
      wait('b');
      health.fine('a');
    };
    flap();
    flap();
    flap();
    expect(tried).toEqual(['b']);
    pass(5_000);
    flap();
    expect(tried).toEqual(['b', 'b', 'b', 'b']);
  });
});
