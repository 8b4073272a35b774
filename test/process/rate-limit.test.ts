/** Rate limits with real Envoys of as many workers as this machine has, and a real Redis. */
import { Agent, get as httpGet } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { REDIS_IS_THERE, type RedisServer, startRedis } from '#extproc/rate-limit/testing/redis-server.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { CLASS, gateway } from './manifests.ts';
import { freePort, Site, until } from './sluice.ts';

let echo: Echo;
let ports: readonly [number, number];
beforeAll(async () => {
  echo = await startEcho();
  ports = [await freePort(), await freePort()];
});
afterAll(() => echo.stop());

interface Limit {
  readonly requests: number;
  readonly kind: 'local' | 'global';
  /** What the workers may hold. */
  readonly lease?: string;
}

/** A route of both Gateways, and so of two proxies, with one limit; the route's name is its path. */
function limited(name: string, { requests, kind, lease = '0.04' }: Limit): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: one }, { name: two }]
  rules:
    - matches: [{ path: { value: /${name} } }]
      backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: echo }]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: ${name}, annotations: { sluice.dev/rate-limit-lease: '${lease}' } }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${name} }]
  rateLimit: { ${kind}: { rules: [{ limit: { requests: ${requests}, unit: Year } }] } }
`;
}

function gateways(): string {
  const backend = `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: echo }
spec: { endpoints: [{ ip: { address: 127.0.0.1, port: ${echo.port} } }] }
`;
  return CLASS + gateway('one', ports[0]) + gateway('two', ports[1]) + backend;
}

let site: Site | undefined;
/** What came of the requests with which it was seen that limits are in force, by the route's name. */
let tried: ReadonlyMap<string, Map<number, number>> = new Map();

/** A site that the test need not end, also when it never gets ready. */
async function siteWith(config: object, limits: { readonly [name: string]: Limit }): Promise<Site> {
  const routes = Object.entries(limits).map(([name, limit]) => limited(name, limit));
  const made = await Site.make({ 'gateways.yaml': gateways() });
  site = made;
  made.write('ready.yaml', limited('ready', { requests: 1_000_000, kind: 'global' }));
  made.configure(config);
  await made.start();
  made.write('routes.yaml', routes.join(''));
  tried = new Map(Object.keys(limits).map((name) => [name, new Map<number, number>()]));
  for (const port of ports) {
    await until('limits are in force', async () => (await ask(port, 'ready')) === 200);
    for (const [name, seen] of tried)
      await until(name, async () => {
        const status = await ask(port, `${name}?`, 'HEAD');
        seen.set(status, (seen.get(status) ?? 0) + 1);
        return status === 200 || status === 429;
      });
  }
  return made;
}

/**
 * Holds what came of a route's requests, those with which it was tried included, against its limit: no more passed, and no
 * fewer than `least`. What was answered 503 since its question took too long, as on a busy machine a few may, may have been
 * counted: so many as one question asks for, `each`.
 */
function expectLimited(
  name: string,
  limit: number,
  seen: readonly ReadonlyMap<number, number>[],
  { least = limit, each = 1 }: { readonly least?: number; readonly each?: number } = {},
): void {
  const all = [...seen, tried.get(name) ?? new Map<number, number>()];
  const sum = (status: number): number => all.reduce((total, one) => total + (one.get(status) ?? 0), 0);
  expect(sum(200)).toBeLessThanOrEqual(limit);
  expect(sum(200) + each * sum(503)).toBeGreaterThanOrEqual(least);
  expect(sum(503)).toBeLessThan(10);
}

/** The status of an answer; without an agent over a connection of its own, which any worker may have. */
function ask(port: number, path: string, method = 'GET', agent: Agent | false = false): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port, path: `/${path}`, method, agent, signal: AbortSignal.timeout(20_000) };
    const request = httpGet(options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
  });
}

/** How often each status is among the answers to so many requests, sixteen at a time, each on its own connection. */
async function flood(path: string, count: number, to: readonly number[] = ports): Promise<ReadonlyMap<number, number>> {
  const seen = new Map<number, number>();
  let sent = 0;
  const loop = async (index: number): Promise<void> => {
    while (sent < count) {
      sent += 1;
      const status = await ask(to[(index + sent) % to.length] ?? 0, path);
      seen.set(status, (seen.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, index) => loop(index)));
  return seen;
}

afterEach(async () => {
  await site?.destroy();
  site = undefined;
});

describe('a local limit', () => {
  it('is right over all workers of each proxy: exactly when nothing is held, and else never more, and 96 % at least', async () => {
    await siteWith(
      {},
      {
        exact: { requests: 100, kind: 'local', lease: '0' },
        leased: { requests: 400, kind: 'local' },
      },
    );
    for (const port of ports) {
      // Each proxy was tried once.
      expect((await flood('exact', 150, [port])).get(200)).toBe(100 - 1);
      const passed = (await flood('leased', 500, [port])).get(200) ?? 0;
      expect(passed).toBeGreaterThanOrEqual(384 - 1);
      expect(passed).toBeLessThanOrEqual(400 - 1);
    }
    for (const seen of tried.values()) expect(seen.get(200)).toBe(2);
  });
});

describe.skipIf(!REDIS_IS_THERE)('a global limit in Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(() => redis.restart());
  const inRedis = (): object => ({ sluice: { redis: { url: redis.url } } });

  it('is one for two proxies, exactly when every request is counted by a call, and else 92 % at least', async () => {
    await siteWith(inRedis(), {
      one: { requests: 200, kind: 'global', lease: '0' },
      both: { requests: 200, kind: 'global', lease: '0' },
      leased: { requests: 500, kind: 'global' },
    });
    expectLimited('one', 200, [await flood('one', 300, [ports[0]])]);
    expectLimited('both', 200, [await flood('both', 300)]);
    expectLimited('leased', 500, [await flood('leased', 700)], { least: 460, each: 20 });
  });

  it('lets nobody through while Redis is gone, and goes on where it stopped when Redis has only been out of reach', async () => {
    await siteWith(inRedis(), {
      stopped: { requests: 60, kind: 'global', lease: '0' },
      plenty: { requests: 1_000_000, kind: 'global', lease: '0' },
    });
    const before = await flood('stopped', 20);
    expect(before.get(200)).toBeGreaterThan(10);
    redis.process.kill('SIGSTOP');
    try {
      expect(await flood('stopped', 40)).toEqual(new Map([[503, 40]]));
    } finally {
      redis.process.kill('SIGCONT');
    }
    await until('it is counted again', async () => (await ask(ports[0], 'ready')) === 200);
    await until('it is counted again', async () => (await ask(ports[1], 'ready')) === 200);
    // What Redis had been asked before it stopped may have been counted, and nobody got it.
    expectLimited('stopped', 60, [before, await flood('stopped', 100)], { least: 0 });
    await redis.kill();
    expect(await flood('plenty', 40)).toEqual(new Map([[503, 40]]));
    await redis.restart();
    await until('it is counted again', async () => (await ask(ports[0], 'plenty')) === 200);
  });

  it('lets everybody through without Redis only where it is configured so', async () => {
    const { sluice } = { sluice: { redis: { url: redis.url } } };
    const rateLimit = { failClosed: false, backend: { type: 'Redis', redis: { url: redis.url.slice(8) } } };
    const running = await siteWith({ sluice, rateLimit }, { open: { requests: 1, kind: 'global' } });
    await until('it is used up', async () => (await ask(ports[0], 'open')) === 429);
    await redis.kill();
    const windows = new Set(await Promise.all(Array.from({ length: 40 }, () => ask(ports[1], 'open'))));
    // Some workers still know that it is used up.
    expect(windows.has(503)).toBe(false);
    running.write('more.yaml', limited('fresh', { requests: 1, kind: 'global' }));
    await until('it is in force', async () => (await ask(ports[0], 'fresh')) === 200);
    expect(await flood('fresh', 20)).toEqual(new Map([[200, 20]]));
  });

  it('allows no more than its limit though sidecars are killed twenty times under load, and hangs nobody', async () => {
    const running = await siteWith(inRedis(), { killed: { requests: 4_000, kind: 'global' } });
    const seen = new Map<number, number>();
    const end = new AbortController();
    const agent = new Agent({ keepAlive: true });
    const load = Array.from({ length: 8 }, async (_, index) => {
      while (!end.signal.aborted) {
        const status = await ask(ports[index % 2] ?? 0, 'killed', 'GET', agent);
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
    });
    const sidecars = (): readonly number[] => running.records('sidecar').map(({ pid }) => pid);
    // Both at a time.
    for (let kill = 0; kill < 20; kill += 2) {
      const before = sidecars();
      for (const pid of before) process.kill(pid, 'SIGKILL');
      await until('others run', () => sidecars().length === 2 && !sidecars().some((pid) => before.includes(pid)));
    }
    for (const port of ports) await until('it is counted', async () => (await ask(port, 'ready')) === 200);
    await until('it is used up', async () => (await ask(ports[0], 'killed')) === 429);
    end.abort();
    await Promise.all(load);
    agent.destroy();
    expect([...seen.keys()].filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
    expect(seen.get(200) ?? 0).toBeLessThanOrEqual(4_000);
    expect(seen.get(200) ?? 0).toBeGreaterThan(2_000);
  });
});
