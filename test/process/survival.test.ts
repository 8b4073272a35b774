import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runs } from '#controller/infra/local/process-record.ts';
import { type Listening, listen } from '../listening.ts';
import { CLASS, gateway, route } from './manifests.ts';
import { freePort, get, Site, until } from './sluice.ts';

/** How long the back-end takes over a request to a path that ends in "slow". Milliseconds. */
const SLOW = 800;

let backend: Listening;
/** How many requests the back-end has begun to answer slowly. */
let slowly = 0;
let port: number;
let site: Site;

beforeAll(async () => {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const isSlow = request.url?.endsWith('slow') === true;
    if (isSlow) slowly += 1;
    setTimeout(() => response.end('ok'), isSlow ? SLOW : 0);
  });
  backend = await listen(server);
  port = await freePort();
  site = await Site.make({
    'gateway.yaml': CLASS + gateway('shop', port),
    'a.yaml': route('a', 'shop', '/a', backend.port),
  });
  await site.start();
});

afterAll(async () => {
  await site.destroy();
  await backend.stop();
});

/** Keeps asking, one request after the other, until the returned function is called; it gives what was not 200. */
function steadyTraffic(): () => Promise<readonly (number | string)[]> {
  const bad: (number | string)[] = [];
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      const status = await get(port, '/a');
      if (status !== 200) bad.push(status);
      await sleep(2);
    }
  })();
  return async () => {
    stop.abort();
    await loop;
    return bad;
  };
}

/** Makes the route live at a path that it did not have, and waits for it. */
async function edit(path: string): Promise<void> {
  site.write('b.yaml', route('b', 'shop', path, backend.port));
  await until(`${path} is served`, async () => (await get(port, path)) === 200);
}

describe('a controller that is killed', () => {
  it('leaves the traffic as it is, finds its proxies again, and sends them nothing that they have', async () => {
    const before = site.records('envoy').map(({ pid }) => pid);
    const stopTraffic = steadyTraffic();
    site.signal('SIGKILL');
    await site.ended();
    await sleep(300);
    await site.start();
    await until('Envoy is connected again', () =>
      site.log().some(({ msg }) => msg === 'the proxy serves its first configuration'),
    );
    await sleep(1_200);
    expect(await stopTraffic()).toEqual([]);
    expect(site.records('envoy').map(({ pid }) => pid)).toEqual(before);
    const sent = site.log().filter(({ msg }) => msg === 'xds response');
    expect(sent.filter(({ resources, removed }) => resources !== 0 || removed !== 0)).toEqual([]);
    await edit('/after-return');
  });

  it('in the middle of a push goes on with it when it returns', async () => {
    site.write('b.yaml', route('b', 'shop', '/pushed', backend.port));
    site.signal('SIGKILL');
    await site.ended();
    await site.start();
    await until('the change is live', async () => (await get(port, '/pushed')) === 200);
    expect(await get(port, '/a')).toBe(200);
  });
});

describe('an Envoy', () => {
  it('that is stopped during a push takes the change when it goes on', async () => {
    const [envoy] = site.records('envoy');
    process.kill(envoy?.pid ?? 0, 'SIGSTOP');
    site.write('b.yaml', route('b', 'shop', '/first', backend.port));
    await sleep(200);
    site.write('b.yaml', route('b', 'shop', '/second', backend.port));
    await sleep(200);
    expect(await site.ask('/readyz')).toBe('ok\n');
    process.kill(envoy?.pid ?? 0, 'SIGCONT');
    await until('the last change is live', async () => (await get(port, '/second')) === 200);
    expect(await get(port, '/first')).toBe(404);
  });

  it('that is killed is started again with everything it had', async () => {
    const [envoy] = site.records('envoy');
    process.kill(envoy?.pid ?? 0, 'SIGKILL');
    await until('another Envoy runs', () => site.records('envoy').some(({ pid }) => pid !== envoy?.pid));
    await until('it serves', async () => (await get(port, '/a')) === 200 && (await get(port, '/second')) === 200);
    expect(await site.ask('/metrics')).toContain('sluice_proxy_restarts{gateway="default/shop",process="envoy"} 1');
  });
});

describe('an end by two SIGINTs, as a terminal and a wrapper send them', () => {
  it('answers what is under way, is done soon, and leaves no process and no socket', async () => {
    const slow = get(port, '/a/slow');
    await until('it is under way', () => slowly > 0);
    const began = Date.now();
    const records = [...site.records('envoy'), ...site.records('sidecar')];
    expect(records).toHaveLength(2);
    site.signal('SIGINT');
    await sleep(10);
    site.signal('SIGINT');
    expect(await site.ended()).toBe(0);
    // Five seconds, and four times as long on a machine that is as busy.
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(await slow).toBe(200);
    expect([...site.records('envoy'), ...site.records('sidecar')]).toEqual([]);
    expect(records.filter(runs)).toEqual([]);
    const left = readdirSync(site.state, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => /\.sock$|\.process$|admin-address$/u.test(name))).toEqual([]);
  });
});
