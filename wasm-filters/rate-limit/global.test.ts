import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore } from '#extproc/rate-limit/memory-store.ts';
import { schema } from '#proto/load.ts';
import { type Call, sharedData } from '../testing/filter-host.ts';
import { grpcAnswer, messageOf } from '../testing/sidecar-answer.ts';
import {
  type Asked,
  type LimitedWorker,
  type LimitInit,
  limitedWorker,
  outcome,
  scopeMark,
  toldBy,
} from './testing/limited-worker.ts';

/** Begins an hour, a minute and a second. */
const START = 1_800_000_000_000;
let now: number;
let store: MemoryStore;
let workers: LimitedWorker[];
let questions: number;
beforeEach(async () => {
  now = START;
  store = new MemoryStore(() => now);
  questions = 0;
  const shared = sharedData();
  workers = [await limitedWorker(() => now, shared), await limitedWorker(() => now, shared)];
});

function limit(more: Partial<LimitInit> = {}): LimitInit {
  return { name: 'orders/0', requests: 3, window: 60, headers: true, ...more };
}

function workerAt(index: number): LimitedWorker {
  const worker = workers[index];
  if (worker === undefined) throw new Error(`there is no worker ${index}`);
  return worker;
}

/** Answers a call as the sidecar does. */
async function answer({ host }: LimitedWorker, { token, ...call }: Call): Promise<void> {
  questions += 1;
  const { echo, ...question } = fromBinary(schema('sluice.sidecar.v1.LeaseRequest'), messageOf({ token, ...call }));
  const { granted, remaining, end, windowNumber } = await store.lease(question);
  const type = schema('sluice.sidecar.v1.LeaseResponse');
  const response = create(type, {
    echo,
    granted,
    remaining,
    // As by a clock that is read at another time for each answer.
    end: BigInt(end) * 1_000_000n - BigInt(questions % 3) * 1_000n,
    windowNumber: BigInt(windowNumber),
  });
  host.answer(token, grpcAnswer(toBinary(type, response)));
}

/** Answers all calls, also those that come of the answers. */
async function settle(worker: LimitedWorker): Promise<void> {
  for (let calls = worker.host.calls(); calls.length > 0; calls = worker.host.calls()) {
    for (const call of calls) await answer(worker, call);
  }
}

async function ask(limits: readonly LimitInit[], asked?: Asked, index = 0) {
  return outcome(await resultOf(limits, asked, index));
}

async function resultOf(limits: readonly LimitInit[], asked?: Asked, index = 0) {
  const worker = workerAt(index);
  const result = worker.ask({ global: [...limits] }, asked);
  await settle(worker);
  return result.kind === 'paused' ? worker.host.resultOf(result.id) : result;
}

async function row(count: number, limits: readonly LimitInit[], asked?: Asked) {
  const all = [];
  for (let index = 0; index < count; index++) all.push(await ask(limits, asked, index % 2));
  return all;
}

describe('a global limit', () => {
  it('is counted by the sidecar, for all workers', async () => {
    expect(await row(5, [limit()])).toEqual(['passed', 'passed', 'passed', 429, 429]);
  });

  it('begins anew with the next window', async () => {
    now += 59_999;
    expect(await row(4, [limit()])).toEqual(['passed', 'passed', 'passed', 429]);
    now += 1;
    expect(await row(4, [limit()])).toEqual(['passed', 'passed', 'passed', 429]);
  });

  it('is refused without a question until the window ends', async () => {
    await row(5, [limit()]);
    const before = questions;
    await row(10, [limit()]);
    expect(questions).toBe(before);
  });

  it('counts each route and each client for itself', async () => {
    const perUser = limit({
      requests: 1,
      selectors: [{ selector: { case: 'header', value: { name: 'x-user', test: { case: 'distinct', value: true } } } }],
    });
    const by = (name: string, route = 'a') => ask([perUser], { headers: [['x-user', name]], mark: scopeMark(route) });
    expect([await by('alice'), await by('bob'), await by('alice')]).toEqual(['passed', 'passed', 429]);
    expect(await by('alice', 'b')).toBe('passed');
  });

  it('tells as Envoy does how much it allows in which time, what remains, and when the window ends', async () => {
    now += 15_500;
    const hour = limit({ name: 'hour', requests: 100, window: 3600 });
    expect(toldBy(await resultOf([limit(), hour]))).toEqual(['3, 3;w=60, 100;w=3600', '2', '45']);
    await row(2, [limit()]);
    const refused = workerAt(0).ask({ global: [limit()] });
    await settle(workerAt(0));
    const result = refused.kind === 'paused' ? workerAt(0).host.resultOf(refused.id) : refused;
    expect(result).toMatchObject({
      status: 429,
      details: 'sluice_rate_limited',
      headers: [
        ['x-envoy-ratelimited', 'true'],
        ['x-ratelimit-limit', '3, 3;w=60'],
        ['x-ratelimit-remaining', '0'],
        ['x-ratelimit-reset', '45'],
      ],
    });
  });

  it('stands beside local ones: nothing is asked when those refuse', async () => {
    const worker = workerAt(0);
    const local = [limit({ name: 'local', requests: 0 })];
    expect(outcome(worker.ask({ local, global: [limit()] }))).toBe(429);
    expect(worker.host.calls()).toEqual([]);
  });

  it('in the shadow is counted, and neither refuses nor delays', async () => {
    const shadow = limit({ shadow: true });
    expect(outcome(workerAt(0).ask({ global: [shadow] }))).toBe('passed');
    expect(await row(6, [shadow])).toEqual(Array(6).fill('passed'));
  });
});

describe('several global limits', () => {
  const perUser = limit({
    name: 'per user',
    requests: 10,
    selectors: [{ selector: { case: 'header', value: { name: 'x-user', test: { case: 'distinct', value: true } } } }],
  });
  const by = (name: string): Asked => ({ headers: [['x-user', name]] });

  it('are asked for at the same time', async () => {
    const worker = workerAt(0);
    const result = worker.ask({ global: [limit(), perUser] }, by('alice'));
    expect(worker.host.calls()).toHaveLength(2);
    await settle(worker);
    expect(result.kind === 'paused' && outcome(worker.host.resultOf(result.id))).toBe('passed');
  });

  it('each count what they are about', async () => {
    const all = limit({ name: 'all', requests: 2 });
    for (const limits of [
      [all, perUser],
      [perUser, all],
    ]) {
      expect(await ask(limits, by('alice'), 0)).toBe('passed');
      expect(await ask(limits, by('bob'), 1)).toBe('passed');
      expect(await ask(limits, by('carol'), 1)).toBe(429);
      now += 60_000;
    }
  });

  it('take nothing, and ask nothing, when one of them refuses', async () => {
    const none = limit({ name: 'none', requests: 0 });
    const before = questions;
    expect(await row(5, [limit(), none])).toEqual(Array(5).fill(429));
    expect(questions).toBe(before);
    expect(await row(4, [limit()])).toEqual(['passed', 'passed', 'passed', 429]);
  });

  it('that compete for the last of each other let no request wait for ever', async () => {
    const worker = workerAt(0);
    const limits = [
      limit({ name: 'a', requests: 30 }),
      limit({ name: 'b', requests: 20 }),
      limit({ name: 'c', requests: 25 }),
    ];
    const waiting = Array.from({ length: 60 }, () => worker.ask({ global: limits }));
    await settle(worker);
    const outcomes = waiting.map((each) => outcome(each.kind === 'paused' ? worker.host.resultOf(each.id) : each));
    expect(outcomes.filter((each) => each === 'passed')).toHaveLength(20);
    expect(outcomes.filter((each) => each === 429)).toHaveLength(40);
  });
});

describe('requests that wait for the same', () => {
  it('ask once, and once more for all that got nothing', async () => {
    const worker = workerAt(0);
    const waiting = Array.from({ length: 50 }, () => worker.ask({ global: [limit({ requests: 40 })] }));
    expect(worker.host.calls()).toHaveLength(1);
    await settle(worker);
    const outcomes = waiting.map((each) => outcome(each.kind === 'paused' ? worker.host.resultOf(each.id) : each));
    expect(outcomes.filter((each) => each === 'passed')).toHaveLength(40);
    expect(outcomes.filter((each) => each === 429)).toHaveLength(10);
    expect(questions).toBe(2);
  });

  it.each([0, 2, 10])('are all answered however small the leases are: %i', async (lease) => {
    const worker = workerAt(0);
    const waiting = Array.from({ length: 250 }, () => worker.ask({ global: [limit({ requests: 100, lease })] }));
    await settle(worker);
    const outcomes = waiting.map((each) => outcome(each.kind === 'paused' ? worker.host.resultOf(each.id) : each));
    expect(outcomes.filter((each) => each === 'passed')).toHaveLength(100);
    expect(outcomes.filter((each) => each === 429)).toHaveLength(150);
  });

  it('are answered in the order in which they came, whoever comes meanwhile', async () => {
    const worker = workerAt(0);
    const plenty = limit({ requests: 1_000 });
    const begin = () => {
      const result = worker.ask({ global: [plenty] });
      return result.kind === 'paused' ? result.id : undefined;
    };
    // Each of two clients asks again as soon as it has its answer, while the other waits.
    const clients = [begin(), begin()];
    const outcomes = new Set();
    for (let turn = 0; turn < 100; turn++) {
      for (const call of worker.host.calls()) await answer(worker, call);
      for (const [client, id] of clients.entries()) {
        const result = id === undefined ? 'passed' : outcome(worker.host.resultOf(id));
        if (result === 'waits') continue;
        outcomes.add(result);
        clients[client] = begin();
      }
    }
    expect(outcomes).toEqual(new Set(['passed']));
  });

  it('leave nothing unused when some of them go away', async () => {
    const worker = workerAt(0);
    const waiting = Array.from({ length: 20 }, () => worker.ask({ global: [limit({ requests: 10 })] }));
    for (const each of waiting.slice(0, 15)) if (each.kind === 'paused') worker.host.abandon(each.id);
    await settle(worker);
    expect(
      waiting.slice(15).map((each) => outcome(each.kind === 'paused' ? worker.host.resultOf(each.id) : each)),
    ).toEqual(Array(5).fill('passed'));
    expect((await row(10, [limit({ requests: 10 })])).filter((each) => each === 'passed').length).toBe(5);
  });
});

describe('leases', () => {
  it('are asked for ahead, so that few requests wait', async () => {
    const plenty = limit({ requests: 10_000, window: 3600, lease: 100 });
    let waited = 0;
    for (let i = 0; i < 1_000; i++) {
      const worker = workerAt(0);
      const result = worker.ask({ global: [plenty] });
      if (result.kind === 'paused') waited += 1;
      await settle(worker);
    }
    expect(waited).toBe(1);
    expect(questions).toBeLessThanOrEqual(25);
  });

  it('never let more pass in a window than the limit, however slow the answers are', async () => {
    const step = fc.record({
      worker: fc.nat(1),
      wait: fc.oneof(fc.constant(0), fc.nat(30), fc.nat(800)),
      answers: fc.nat(3),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 250 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(15),
        async (all, requests, lease) => {
          run += 1;
          const one = limit({ name: `run ${run}`, requests, window: 1, lease });
          const passed = new Map<number, number>();
          const waiting: { worker: LimitedWorker; id: number }[] = [];
          const others = new Set<ReturnType<typeof outcome>>(['passed', 429, 503]);
          const count = (each: ReturnType<typeof outcome>): void => {
            const second = Math.floor(now / 1000);
            if (each === 'passed') passed.set(second, (passed.get(second) ?? 0) + 1);
            others.add(each);
          };
          const look = (): void => {
            for (const each of waiting.splice(0)) {
              const result = outcome(each.worker.host.resultOf(each.id));
              if (result === 'waits') waiting.push(each);
              else count(result);
            }
          };
          for (const { worker: index, wait, answers } of all) {
            now += wait;
            const worker = workerAt(index);
            for (const call of worker.host.calls().slice(0, answers)) {
              await answer(worker, call);
              look();
            }
            const result = worker.ask({ global: [one] });
            if (result.kind === 'paused') waiting.push({ worker, id: result.id });
            else count(outcome(result));
          }
          for (const worker of workers) await settle(worker);
          look();
          expect(waiting).toEqual([]);
          expect(others).toEqual(new Set(['passed', 429, 503]));
          for (const each of passed.values()) expect(each).toBeLessThanOrEqual(requests);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('with a lease of 1 let exactly the limit pass, on however many workers', async () => {
    const passed = (await row(60, [limit({ requests: 37, lease: 1 })])).filter((each) => each === 'passed');
    expect(passed).toHaveLength(37);
  });

  it('leave at most what idle workers hold unused: 4 % with a lease of limit / (25 x workers)', async () => {
    const one = limit({ requests: 1000, window: 3600, lease: 20 });
    await ask([one], undefined, 1);
    const outcomes = [];
    for (let i = 0; i < 1100; i++) outcomes.push(await ask([one]));
    const passed = outcomes.filter((each) => each === 'passed').length;
    expect(passed).toBeGreaterThanOrEqual(960);
    expect(passed).toBeLessThanOrEqual(999);
  });
});

describe('without the sidecar', () => {
  const fail = (index: number): void => {
    const { host } = workerAt(index);
    for (const { token } of host.calls()) host.answer(token, { kind: 'failure' });
  };

  it('a request is refused with 503, neither passed nor 429', () => {
    const result = workerAt(0).ask({ global: [limit()] });
    fail(0);
    expect(result.kind === 'paused' && outcome(workerAt(0).host.resultOf(result.id))).toBe(503);
  });

  it('a request passes when the limit says so', () => {
    const result = workerAt(0).ask({ global: [limit({ open: true })] });
    fail(0);
    expect(result.kind === 'paused' && outcome(workerAt(0).host.resultOf(result.id))).toBe('passed');
    expect(workerAt(0).host.metrics().get('sluice_rate_limit_uncounted')).toBe(1n);
  });

  it('what was leased is still good', async () => {
    await ask([limit({ requests: 100, lease: 10 })]);
    const { host } = workerAt(0);
    const left = Array.from({ length: 9 }, () =>
      outcome(workerAt(0).ask({ global: [limit({ requests: 100, lease: 10 })] })),
    );
    expect(left).toEqual(Array(9).fill('passed'));
    fail(0);
    const next = workerAt(0).ask({ global: [limit({ requests: 100, lease: 10 })] });
    fail(0);
    expect(next.kind === 'paused' && outcome(host.resultOf(next.id))).toBe(503);
  });

  it('those that were refused are not asked for when it is back', async () => {
    const one = limit({ requests: 1000, lease: 10 });
    for (let i = 0; i < 300; i++) {
      workerAt(0).ask({ global: [one] });
      fail(0);
    }
    expect(await row(2, [one])).toEqual(['passed', 'passed']);
    // Each worker holds its part, and the rest is for whoever comes.
    expect(await row(990, [one])).toEqual(Array(990).fill('passed'));
  });

  it('an answer that is none is no answer', () => {
    for (const bytes of [new Uint8Array(), Uint8Array.of(0xff), Uint8Array.of(0x0a, 3, 1, 2, 3)]) {
      const result = workerAt(0).ask({ global: [limit()] });
      const { host } = workerAt(0);
      for (const { token } of host.calls()) host.answer(token, grpcAnswer(bytes));
      expect(result.kind === 'paused' && outcome(host.resultOf(result.id))).toBe(503);
    }
  });
});

describe('how long a request waits for its count', () => {
  it.each([
    [undefined, 1000],
    [0, 1000],
    [20, 20],
    [10_000, 10_000],
  ])('is %s ms by its limits: %i ms', (timeout, expected) => {
    const { host } = workerAt(0);
    workerAt(0).ask({ global: [limit()], ...(timeout === undefined ? {} : { timeout }) });
    expect(host.calls().map((call) => call.timeout)).toEqual([expected]);
  });
});
