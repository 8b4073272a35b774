import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../listening.ts';
import { type LoadTarget, startLoad } from './load.ts';

describe('a load', () => {
  const servers: Listening[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  /** Asks a server that answers the statuses in turn, as often as there are some. */
  async function load(statuses: readonly number[], target: Partial<LoadTarget>) {
    let asked = 0;
    const server = createServer((_, response) => {
      response.writeHead(statuses[asked % statuses.length] ?? 500, { 'content-length': '1' }).end('a');
      asked += 1;
    });
    const listening = await listen(server);
    const { port } = listening;
    servers.push(listening);
    const targets = [{ host: 'h', path: '/', ...target }];
    const running = startLoad({ port, targets, connections: 1, pace: 1, timeout: 5_000, most: statuses.length });
    await expect.poll(() => running.soFar().asked).toBe(statuses.length);
    return running.stop();
  }

  it('counts each answer, and what is not the right one as lost', async () => {
    const { asked, lost, losses, statuses } = await load([401, 200, 401], { status: 401 });
    expect({ asked, lost, statuses }).toEqual({ asked: 3, lost: 1, statuses: { 200: 1, 401: 2 } });
    expect(losses.map(({ host, what }) => [host, what])).toEqual([['h/', '200 a']]);
  });

  it('looks at bodies where it is told which are right', async () => {
    expect((await load([200], { accepted: ['b'] })).lost).toBe(1);
    expect((await load([200], { accepted: ['a', 'b'] })).lost).toBe(0);
  });

  it('does not count what is excused as lost, and tells when it came', async () => {
    const { lost, excused } = await load([200, 503, 503], { excused: 503 });
    expect(lost).toBe(0);
    expect(excused).toHaveLength(1);
    expect(excused[0]?.to).toBeGreaterThanOrEqual(excused[0]?.from ?? Number.NaN);
  });
});
