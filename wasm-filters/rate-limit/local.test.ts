import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type SharedData, sharedData } from '../testing/filter-host.ts';
import {
  type Asked,
  type LimitedWorker,
  type LimitInit,
  limitedWorker,
  outcome,
  scopeMark,
  toldBy,
} from './testing/limited-worker.ts';

let now: number;
let shared: SharedData;
let workers: LimitedWorker[];
beforeEach(async () => {
  now = 1_800_000_000_000;
  shared = sharedData();
  workers = [await limitedWorker(() => now, shared), await limitedWorker(() => now, shared)];
});

function limit(more: Partial<LimitInit> = {}): LimitInit {
  return { name: 'orders/0', requests: 3, window: 60, headers: true, ...more };
}

function ask(limits: readonly LimitInit[], asked?: Asked, worker = 0) {
  return outcome(workers[worker]?.ask({ local: [...limits] }, asked) ?? { kind: 'continue', headers: [] });
}

/** What comes of so many requests one after the other, on the workers in turn. */
function row(count: number, limits: readonly LimitInit[], asked?: Asked) {
  return Array.from({ length: count }, (_, index) => ask(limits, asked, index % 2));
}

function told(limits: readonly LimitInit[], asked?: Asked) {
  return toldBy(workers[0]?.ask({ local: [...limits] }, asked) ?? { kind: 'continue', headers: [] });
}

describe('a local limit', () => {
  it('lets as many requests pass as it says, whichever worker they meet, then answers 429', () => {
    expect(row(5, [limit()])).toEqual(['passed', 'passed', 'passed', 429, 429]);
  });

  it('fills again evenly', () => {
    row(3, [limit()]);
    now += 19_999;
    expect(ask([limit()])).toBe(429);
    now += 1;
    expect(row(2, [limit()])).toEqual(['passed', 429]);
    now += 600_000;
    expect(row(4, [limit()])).toEqual(['passed', 'passed', 'passed', 429]);
  });

  it('of nothing lets nothing pass', () => {
    expect(row(2, [limit({ requests: 0 })])).toEqual([429, 429]);
  });

  it('tells as Envoy does how much it allows, what remains, and when there is more', () => {
    expect(told([limit()])).toEqual(['3', '2', '0']);
    expect(told([limit()])).toEqual(['3', '1', '0']);
    expect(told([limit()])).toEqual(['3', '0', '20']);
    now += 5_500;
    expect(told([limit()])).toEqual(['3', '0', '15']);
  });

  it('tells nothing when it is not to', () => {
    expect(told([limit({ headers: false, requests: 1 })])).toEqual([undefined, undefined, undefined]);
    expect(told([limit({ headers: false, requests: 1 })])).toEqual([undefined, undefined, undefined]);
  });

  it('goes on where it stopped when it is changed', () => {
    row(3, [limit()]);
    expect(ask([limit({ requests: 4 })])).toBe(429);
    now += 15_000;
    expect(row(2, [limit({ requests: 4 })])).toEqual(['passed', 429]);
  });

  it('counts each route for itself, unless it is shared', () => {
    const a = { mark: scopeMark('a') };
    const b = { mark: scopeMark('b') };
    row(3, [limit()], a);
    expect(ask([limit()], a)).toBe(429);
    expect(ask([limit()], b)).toBe('passed');
    row(3, [limit({ name: 'all', shared: true })], a);
    expect(ask([limit({ name: 'all', shared: true })], b)).toBe(429);
  });

  it('survives a clock that goes back by being empty for a window at most', () => {
    row(3, [limit()]);
    now -= 3_600_000;
    expect(ask([limit()])).toBe(429);
    now += 20_001;
    expect(ask([limit()])).toBe('passed');
  });

  it('that is in the shadow refuses nothing, and counts what it would have refused', () => {
    expect(row(5, [limit({ shadow: true })])).toEqual(Array(5).fill('passed'));
    const counted = workers.map(({ host }) => host.metrics().get('sluice_rate_limit_shadow_refusals') ?? 0n);
    expect(counted.reduce((sum, each) => sum + each)).toBe(2n);
  });
});

describe('several limits', () => {
  const minute = limit({ name: 'm', requests: 2 });
  const hour = limit({ name: 'h', requests: 3, window: 3600 });

  it('must all have something left', () => {
    expect(row(3, [minute, hour])).toEqual(['passed', 'passed', 429]);
    now += 60_000;
    expect(row(2, [minute, hour])).toEqual(['passed', 429]);
  });

  it('take nothing when one of them refuses', () => {
    row(2, [minute]);
    for (let i = 0; i < 5; i++) expect(ask([hour, minute])).toBe(429);
    now += 60_000;
    expect(row(3, [hour, limit({ name: 'other', requests: 100 })])).toEqual(['passed', 'passed', 'passed']);
  });

  it('tell about the one that leaves least', () => {
    expect(told([hour, minute])).toEqual(['2', '1', '0']);
    expect(told([minute, hour])).toEqual(['2', '0', '30']);
    expect(told([minute, hour])).toEqual(['2', '0', '30']);
  });

  it('without selectors of their own are for requests that others do not select, when they say so', () => {
    const vip = limit({
      name: 'vip',
      requests: 3,
      selectors: [{ selector: { case: 'header', value: { name: 'x-vip', test: { case: 'exact', value: 'yes' } } } }],
    });
    const rest = limit({ name: 'rest', requests: 1, otherwise: true });
    const asked = { headers: [['x-vip', 'yes']] } as const;
    expect(row(4, [rest, vip], asked)).toEqual(['passed', 'passed', 'passed', 429]);
    expect(row(2, [rest, vip])).toEqual(['passed', 429]);
  });
});

describe('the cost of a request', () => {
  it('is what the limit says', () => {
    const costly = limit({ requests: 5, cost: { from: { case: 'number', value: 2 } } });
    expect(row(4, [costly])).toEqual(['passed', 'passed', 429, 429]);
  });

  it('of nothing asks whether something is left', () => {
    const free = limit({ cost: { from: { case: 'number', value: 0 } } });
    expect(row(9, [free])).toEqual(Array(9).fill('passed'));
    row(9, [limit()]);
    expect(ask([free])).toBe(429);
  });

  it('beyond what there can ever be is refused', () => {
    expect(ask([limit({ cost: { from: { case: 'number', value: 4 } } })])).toBe(429);
    expect(ask([limit()])).toBe('passed');
  });

  it('can come from dynamic metadata, and is 1 where that has none', () => {
    const metered = limit({
      requests: 10,
      cost: { from: { case: 'metadata', value: { namespace: 'io.users', key: 'cost' } } },
    });
    const by = (cost: number) => ask([metered], { metadata: { 'io.users.cost': cost } });
    expect(by(8.9)).toBe('passed');
    expect(ask([metered])).toBe('passed');
    expect(by(2)).toBe(429);
    expect(by(-5)).toBe('passed');
    expect(by(Number.NaN)).toBe(429);
    expect(by(1e300)).toBe(429);
  });
});

describe('tokens that workers take ahead', () => {
  it('let never more pass than one bucket would, and no fewer than what other workers hold', () => {
    const step = fc.record({
      worker: fc.nat(1),
      wait: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(2_000)),
    });
    const steps = fc.array(step, { minLength: 1, maxLength: 400 });
    let run = 0;
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 120 }), fc.nat(20), (all, requests, lease) => {
        run += 1;
        const interval = Math.floor(1e9 / requests);
        let full = 0n;
        const tooMany: bigint[] = [];
        const tooFew: bigint[] = [];
        for (const { worker, wait } of all) {
          now += wait;
          const at = BigInt(now) * 1_000_000n;
          const next = (full > at ? full : at) + BigInt(interval);
          const conforms = next - at <= BigInt(interval * requests);
          const passed =
            ask([limit({ name: `run ${run}`, requests, window: 1, lease })], undefined, worker) === 'passed';
          if (passed && !conforms) tooMany.push(at);
          if (conforms && !passed) tooFew.push(at);
          if (passed) full = next;
        }
        expect(tooMany).toEqual([]);
        const mayHold = lease > 1 && all.some(({ worker }) => worker === 1);
        expect(mayHold ? [] : tooFew).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('are few enough that a limit is used up to 96 % though another worker is idle', () => {
    const one = limit({ requests: 1000, window: 3600, lease: 20 });
    ask([one], undefined, 1);
    const passed = Array.from({ length: 1100 }, () => ask([one])).filter((each) => each === 'passed').length;
    expect(passed).toBeGreaterThanOrEqual(960);
    expect(passed).toBeLessThanOrEqual(999);
  });
});

describe('buckets of clients', () => {
  const perUser = limit({
    selectors: [{ selector: { case: 'header', value: { name: 'x-user', test: { case: 'distinct', value: true } } } }],
  });
  const user = (name: string): Asked => ({ headers: [['x-user', name]] });

  it('are apart', () => {
    expect(row(4, [perUser], user('alice'))).toEqual(['passed', 'passed', 'passed', 429]);
    expect(row(4, [perUser], user('bob'))).toEqual(['passed', 'passed', 'passed', 429]);
  });

  it('are not for requests without the header', () => {
    expect(row(5, [perUser])).toEqual(Array(5).fill('passed'));
  });

  it('take a fixed number of places: clients beyond it share one bucket, and none gets more than its own for that', async () => {
    // A limit has six places in each of 65,536 sets.
    const hashed = sharedData();
    const small: SharedData = {
      get: (key) => hashed.get(key.startsWith('sluice.c') ? 'sluice.c' : key),
      set: (key, value, cas) => hashed.set(key.startsWith('sluice.c') ? 'sluice.c' : key, value, cas),
    };
    const worker = await limitedWorker(() => now, small);
    const by = (name: string) => outcome(worker.ask({ local: [perUser] }, user(name)));
    const first = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of first) expect(by(name)).toBe('passed');
    const later = Array.from({ length: 5 }, (_, index) => by(`later ${index}`));
    expect(later).toEqual(['passed', 'passed', 'passed', 429, 429]);
    for (const name of first) expect([by(name), by(name), by(name)]).toEqual(['passed', 'passed', 429]);
    const other = { ...perUser, name: 'another limit' };
    expect(outcome(worker.ask({ local: [other] }, user('a')))).toBe('passed');
    now += 60_000;
    expect([by('later 3'), by('later 3'), by('later 3'), by('later 3')]).toEqual(['passed', 'passed', 'passed', 429]);
  });

  it('do not grow with the number of clients', async () => {
    const keys = new Set<string>();
    const counting: SharedData = {
      get: (key) => shared.get(key),
      set: (key, value, cas) => {
        keys.add(key);
        return shared.set(key, value, cas);
      },
    };
    const worker = await limitedWorker(() => now, counting);
    const before = worker.host.memoryBytes();
    for (let i = 0; i < 30_000; i++) worker.ask({ local: [perUser] }, user(`user ${i}`));
    expect(keys.size).toBeLessThanOrEqual(65_538);
    expect(worker.host.memoryBytes()).toBe(before);
  });
});

describe('the first write of a bucket', () => {
  it('is not lost when two workers are at it', async () => {
    let hide = 0;
    const racing: SharedData = {
      // The first two look-ups of the bucket find nothing, as when both come before either has written.
      get: (key) => (key.startsWith('sluice.m') && hide-- > 0 ? undefined : shared.get(key)),
      set: (key, value, cas) => shared.set(key, value, cas),
    };
    const [one, other] = [await limitedWorker(() => now, racing), await limitedWorker(() => now, racing)];
    const once = { local: [limit({ requests: 1 })] };
    hide = 2;
    expect([outcome(one.ask(once)), outcome(other.ask(once))]).toEqual(['passed', 429]);
  });
});
