import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { captureLog } from '../testing/log-capture.ts';
import { type CounterStore, granted, type LeaseQuestion } from './counter-store.ts';
import { MemoryStore } from './memory-store.ts';
import { RedisStore } from './redis-store.ts';
import { REDIS_IS_THERE, type RedisServer, startRedis } from './testing/redis-server.ts';

const counterOf = (name: string): Uint8Array => createHash('sha256').update(name).digest();
let names = 0;
/** A question about a counter that no other test has; the window is so long that it does not end meanwhile. */
function ask(more: Partial<LeaseQuestion> = {}): LeaseQuestion {
  names += 1;
  return { counter: counterOf(`counter ${names}`), limit: 100, window: 31_536_000, wanted: 1, needed: 1, ...more };
}

describe('what is granted', () => {
  it.each([
    [100, 10, 1, 10],
    [20, 10, 1, 5],
    [3, 10, 1, 1],
    [3, 10, 3, 3],
    [2, 10, 5, 2],
    [1, 10, 0, 1],
    [0, 10, 5, 0],
  ])('of %i left, %i wanted and %i needed', (left, wanted, needed, expected) => {
    expect(granted(left, { wanted, needed })).toBe(expected);
  });
});

describe.each(['memory', 'Redis'])('counters in %s', (kind) => {
  let redis: RedisServer | undefined;
  let store: CounterStore;
  beforeAll(async () => {
    if (kind === 'memory') {
      store = new MemoryStore();
    } else if (REDIS_IS_THERE) {
      redis = await startRedis();
      store = new RedisStore({ url: redis.url }, captureLog().log);
      await vi.waitFor(() => store.lease(ask()), { timeout: 60_000 });
    }
  });
  afterAll(async () => {
    await store?.close();
    await redis?.stop();
  });

  describe.skipIf(kind === 'Redis' && !REDIS_IS_THERE)('as everywhere', () => {
    it('grant what is wanted, and say what remains and when the window ends', async () => {
      const { end, windowNumber, ...lease } = await store.lease(ask({ wanted: 10 }));
      expect(lease).toEqual({ granted: 10, remaining: 90 });
      const year = 31_536_000_000;
      expect(windowNumber).toBe(Math.floor(Date.now() / year));
      expect(end).toBeLessThanOrEqual(Math.ceil(Date.now() / year) * year);
      expect(end).toBeGreaterThan(Math.ceil(Date.now() / year) * year - 2000);
    });

    it('grant no more than the limit, to however many ask at once', async () => {
      const question = ask({ limit: 1000, wanted: 7, needed: 3 });
      const leases = await Promise.all(Array.from({ length: 500 }, () => store.lease(question)));
      expect(leases.reduce((sum, lease) => sum + lease.granted, 0)).toBe(1000);
      expect(await store.lease(question)).toMatchObject({ granted: 0, remaining: 0 });
    });

    it('grant less when little is left, but what requests wait for', async () => {
      const question = ask({ limit: 8, wanted: 100, needed: 0 });
      expect(await store.lease(question)).toMatchObject({ granted: 2, remaining: 6 });
      expect(await store.lease({ ...question, needed: 6 })).toMatchObject({ granted: 6, remaining: 0 });
    });

    it('grant nothing of a limit of nothing', async () => {
      expect(await store.lease(ask({ limit: 0 }))).toMatchObject({ granted: 0, remaining: 0 });
    });

    it('are of one length of window', async () => {
      const question = ask({ limit: 1 });
      expect(await store.lease(question)).toMatchObject({ granted: 1 });
      expect(await store.lease({ ...question, window: 86_400 })).toMatchObject({ granted: 1 });
    });

    it('keep what is used when the limit becomes another', async () => {
      const question = ask({ limit: 10, wanted: 2, needed: 2 });
      await store.lease(question);
      expect(await store.lease({ ...question, limit: 20 })).toMatchObject({ remaining: 16 });
      expect(await store.lease({ ...question, limit: 3 })).toMatchObject({ granted: 0, remaining: 0 });
    });

    it('begin anew in the next window', async () => {
      const question = ask({ limit: 5, window: 1, wanted: 5, needed: 5 });
      const first = await store.lease(question);
      expect(first.granted).toBe(5);
      await expect.poll(() => store.lease(question).then((lease) => lease.granted)).toBe(5);
      expect(Date.now()).toBeGreaterThanOrEqual(first.end);
    });
  });
});

describe('counters in memory', () => {
  it('share what one of them would get when there are too many', async () => {
    const store = new MemoryStore(() => 0, 2);
    const question = (name: string): LeaseQuestion => ({ ...ask({ limit: 3 }), counter: counterOf(name) });
    for (const name of ['a', 'b']) expect(await store.lease(question(name))).toMatchObject({ remaining: 2 });
    const rest = ['c', 'd', 'e', 'f'].map(async (name) => (await store.lease(question(name))).granted);
    expect(await Promise.all(rest)).toEqual([1, 1, 1, 0]);
    expect(await store.lease(question('a'))).toMatchObject({ granted: 1, remaining: 1 });
  });

  it('reopen no window when the clock goes back', async () => {
    let now = 10_000;
    const store = new MemoryStore(() => now);
    const question = ask({ limit: 1, window: 1 });
    await store.lease(question);
    now = 9_000;
    expect(await store.lease(question)).toMatchObject({ granted: 0, end: 11_000 });
  });
});

describe.skipIf(!REDIS_IS_THERE)('while Redis', () => {
  let redis: RedisServer;
  let store: RedisStore;
  const log = captureLog();
  beforeAll(async () => {
    redis = await startRedis('hidden-word');
    store = new RedisStore({ url: redis.url }, log.log);
  });
  afterEach(async () => redis.restart());
  afterAll(async () => {
    await store.close();
    await redis.stop();
  });
  const works = (): Promise<boolean> =>
    store.lease(ask()).then(
      () => true,
      () => false,
    );

  it('is gone every question fails, until it is back', async () => {
    await expect.poll(works).toBe(true);
    await redis.kill();
    await expect.poll(works).toBe(false);
    await redis.restart();
    await expect.poll(works).toBe(true);
    expect(log.lines.join('\n')).toContain('no connection to Redis');
    expect(log.lines.join('\n')).not.toContain('hidden-word');
  });

  it('does not answer a question fails in time', async () => {
    await expect.poll(works).toBe(true);
    redis.process.kill('SIGSTOP');
    await expect(store.lease(ask())).rejects.toThrow('has not answered within 500 ms');
    redis.process.kill('SIGCONT');
  });

  it('does not answer a question fails as soon as it is configured', async () => {
    const hasty = new RedisStore({ url: redis.url, patience: 10 }, log.log);
    await hasty.ready;
    redis.process.kill('SIGSTOP');
    await expect(hasty.lease(ask())).rejects.toThrow('has not answered within 10 ms');
    redis.process.kill('SIGCONT');
    await hasty.close();
  });

  it('has answered in time, and this process had no time to read it, nothing fails', async () => {
    await expect.poll(works).toBe(true);
    redis.process.kill('SIGSTOP');
    const lease = store.lease(ask());
    // The question is sent.
    for (let turns = 0; turns < 3; turns += 1) await setImmediate();
    redis.process.kill('SIGCONT');
    // Whoever asks later has been answered: it is there to be read.
    const { port } = new URL(redis.url);
    spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'PING\r\n' >&3; read -r <&3`]);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    await expect(lease).resolves.toMatchObject({ granted: 1 });
  });
});
