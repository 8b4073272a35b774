import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lower } from '#controller/xds/lower.ts';
import { type Listening, listen } from '../listening.ts';
import { freePort, until } from '../process/sluice.ts';
import { ask, type Answer } from '../scenario/ask.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';
import { oneRoute } from './one-route.ts';

let envoy: LiveEnvoy;
let port: number;
let echoes: readonly Echo[];
beforeAll(async () => {
  envoy = await startLiveEnvoy();
  echoes = await Promise.all([startEcho(), startEcho(), startEcho()]);
});
beforeEach(async () => {
  port = await freePort();
});
afterAll(async () => {
  await envoy.stop();
  await Promise.all(echoes.map((echo) => echo.stop()));
});

/** Publishes one route to back-ends on these ports under a policy. */
async function serve(
  policy: object,
  ports: readonly number[] = echoes.map((echo) => echo.port),
  rule: object = {},
): Promise<void> {
  const manifests = oneRoute({ policy, port, ports, rule });
  expect(await envoy.publish(lower(compileText(manifests), undefined))).toEqual([]);
}

interface Asked {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: string;
}

function get({ path = '/', headers = {}, from = '127.0.0.1' }: Asked = {}): Promise<Answer> {
  const request = { name: '', method: 'GET', statuses: [], upstream: {}, response: {} };
  return ask(port, { ...request, path, headers: Object.entries(headers), from });
}

/** The back-ends that a number of equal requests come to. */
async function reached(count: number, asked: Asked = {}): Promise<ReadonlySet<string | undefined>> {
  const answers = [];
  for (let i = 0; i < count; i++) answers.push(await get(asked));
  return new Set(answers.map(({ response }) => response?.['x-echo-port']));
}

describe('loadBalancer', () => {
  const byHash = (consistentHash: object) => ({ loadBalancer: { type: 'ConsistentHash', consistentHash } });
  const values = Array.from({ length: 30 }, (_, index) => `v${index}`);

  it.each<readonly [name: string, policy: object, asked: (value: string) => Asked]>([
    ['a header', { type: 'Header', header: { name: 'X-User' } }, (value) => ({ headers: { 'x-user': value } })],
    [
      'headers',
      { type: 'Headers', headers: [{ name: 'a' }, { name: 'b' }] },
      (value) => ({ headers: { a: '1', b: value } }),
    ],
    [
      'a query parameter',
      { type: 'QueryParams', queryParams: [{ name: 'user' }] },
      (value) => ({ path: `/?user=${value}` }),
    ],
    [
      'a cookie',
      { type: 'Cookie', cookie: { name: 'session' } },
      (value) => ({ headers: { cookie: `session=${value}` } }),
    ],
    ['the client address', { type: 'SourceIP' }, (value) => ({ from: `127.0.1.${value.slice(1)}` })],
  ])('by %s sends equal requests to one back-end, and different ones to all', async (_, hash, asked) => {
    await serve(byHash(hash));
    const each = await Promise.all(values.map((value) => reached(3, asked(value))));
    expect(each.map(({ size }) => size)).toEqual(values.map(() => 1));
    expect(new Set(each.flatMap((one) => [...one])).size).toBe(echoes.length);
  });

  it('by a cookie that lasts sets it where there is none', async () => {
    await serve(
      byHash({ type: 'Cookie', cookie: { name: 'session', ttl: '60s', attributes: { SameSite: 'Strict' } } }),
    );
    const { response } = await get();
    expect(response?.['set-cookie']).toMatch(/^session="?[^;]+"?; Max-Age=60;.*SameSite=Strict/u);
  });

  it('by a header that names the endpoint goes there', async () => {
    await serve({
      loadBalancer: { type: 'RoundRobin', endpointOverride: { extractFrom: [{ header: 'X-Endpoint' }] } },
    });
    for (const { port: wanted } of echoes) {
      expect([...(await reached(3, { headers: { 'x-endpoint': `127.0.0.1:${wanted}` } }))]).toEqual([String(wanted)]);
    }
  });

  it.each(['RoundRobin', 'Random', 'LeastRequest'])('%s reaches every back-end', async (type) => {
    await serve({ loadBalancer: { type } });
    expect((await reached(60)).size).toBe(echoes.length);
  });
});

describe('circuitBreaker', () => {
  it('refuses what is too much at one time, and nothing after that', async () => {
    const [echo] = echoes;
    await serve({ circuitBreaker: { maxParallelRequests: 2 } }, [echo?.port ?? 0]);
    const slow = () => get({ headers: { 'x-echo-delay': '3000' } });
    const answers = await Promise.all([slow(), slow(), slow(), slow(), slow()]);
    expect(answers.map(({ status }) => String(status)).sort()).toEqual(['200', '200', '503', '503', '503']);
    expect((await get()).status).toBe(200);
  });

  it('of one policy leaves the same back-end of another alone', async () => {
    await serve({ circuitBreaker: { maxParallelRequests: 0 } });
    expect((await get()).status).toBe(503);
    await serve({});
    expect((await get()).status).toBe(200);
  });
});

describe('timeout', () => {
  it('of a request ends it with 504', async () => {
    await serve({ timeout: { http: { requestTimeout: '1s' } } });
    expect((await get({ headers: { 'x-echo-delay': '20000' } })).status).toBe(504);
    expect((await get()).status).toBe(200);
  });

  it('of a rule goes before that of a policy', async () => {
    await serve({ timeout: { http: { requestTimeout: '100ms' } } }, undefined, { timeouts: { request: '30s' } });
    expect((await get({ headers: { 'x-echo-delay': '400' } })).status).toBe(200);
    await serve({ timeout: { http: { requestTimeout: '30s' } } }, undefined, { timeouts: { backendRequest: '100ms' } });
    expect((await get({ headers: { 'x-echo-delay': '5000' } })).status).toBe(504);
  });

  it('without a byte ends a stream', async () => {
    await serve({ timeout: { http: { requestTimeout: '0s', streamIdleTimeout: '100ms' } } });
    expect((await get({ headers: { 'x-echo-delay': '5000' } })).status).toBe(504);
  });
});

describe('retry', () => {
  it('asks again, as often as it says', async () => {
    await serve({ retry: { numRetries: 3 } });
    const fails = (count: string, key: string) =>
      get({ headers: { 'x-echo-fails': count, 'x-echo-key': `${port}${key}` } });
    expect((await fails('1', 'a')).status).toBe(200);
    await serve({ retry: { numRetries: 3, retryOn: { httpStatusCodes: [418] } } });
    expect((await fails('1', 'b')).status).toBe(503);
  });

  it('of a rule goes before that of a policy', async () => {
    await serve({ retry: { numRetries: 1, retryOn: { httpStatusCodes: [418] } } }, undefined, {
      retry: { attempts: 3, codes: [503], backoff: '1ms' },
    });
    expect((await get({ headers: { 'x-echo-fails': '1', 'x-echo-key': `${port}c` } })).status).toBe(200);
  });
});

describe('healthCheck', () => {
  it('that probes finds the back-end that answers', async () => {
    const [good] = echoes;
    const dead = await freePort();
    await serve(
      { healthCheck: { panicThreshold: 0, active: { type: 'HTTP', interval: '100ms', http: { path: '/probe' } } } },
      [good?.port ?? 0, dead],
    );
    await until('only the living one is asked', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => get()));
      return answers.every(({ status }) => status === 200);
    });
  });

  it('that looks at answers leaves out a back-end that fails', async () => {
    const [good] = echoes;
    const dead = await freePort();
    await serve(
      {
        healthCheck: {
          passive: { consecutive5XxErrors: 2, interval: '10ms', baseEjectionTime: '60s', maxEjectionPercent: 100 },
        },
      },
      [good?.port ?? 0, dead],
    );
    await until('only the living one is asked', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => get()));
      return answers.every(({ status }) => status === 200);
    });
  });
});

describe('connections', () => {
  let raw: Listening;
  let first: Promise<string>;
  beforeEach(async () => {
    const server = createServer();
    first = new Promise((resolve) => {
      server.on('connection', (socket) => {
        let got = '';
        socket.on('data', (bytes) => {
          got += bytes.toString('latin1');
          if (!got.includes('\r\n\r\n')) return;
          resolve(got);
          socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        });
      });
    });
    raw = await listen(server);
  });
  afterEach(() => raw.stop());

  it('tell the client in the PROXY protocol', async () => {
    await serve({ proxyProtocol: { version: 'V1' } }, [raw.port]);
    expect((await get({ from: '127.0.0.7' })).status).toBe(200);
    expect(await first).toMatch(/^PROXY TCP4 127\.0\.0\.7 127\.0\.0\.1 \d+ \d+\r\nGET \/ HTTP\/1\.1\r\n/u);
  });

  it('are not closed after a request, unless a policy says so', async () => {
    const [one] = echoes;
    const used = async () => {
      const answers = [];
      for (let i = 0; i < 5; i++) answers.push(await get());
      return new Set(answers.map(({ response }) => response?.['x-echo-from'])).size;
    };
    await serve({}, [one?.port ?? 0]);
    expect(await used()).toBe(1);
    await serve({ circuitBreaker: { maxRequestsPerConnection: 1 } }, [one?.port ?? 0]);
    expect(await used()).toBe(5);
  });
});
