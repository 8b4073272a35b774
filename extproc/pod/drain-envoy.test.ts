import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '#test/listening.ts';
import { activeConnections, drainEnvoy } from './drain-envoy.ts';

/** As Envoy 1.40 answers who asks for it: that question is a connection of its own, on the main thread. */
const STATS = (clients: number): string => `http.admin.downstream_cx_active: 1
http.http.downstream_cx_active: ${clients}
listener.0.0.0.0_10080.downstream_cx_active: ${clients}
listener.0.0.0.0_10080.worker_0.downstream_cx_active: ${clients}
listener.0.0.0.0_19001.downstream_cx_active: 1
listener.0.0.0.0_19003.downstream_cx_active: 1
listener.[__]_19003.downstream_cx_active: 1
listener.admin.downstream_cx_active: 1
listener.admin.main_thread.downstream_cx_active: 1
`;

describe('an Envoy that takes leave', () => {
  it('waits for its clients alone: not for probes, nor for who asks it', () => {
    expect(activeConnections(STATS(0))).toBe(0);
    expect(activeConnections(STATS(3))).toBe(3);
  });

  it('is done as soon as the last client is gone', async () => {
    const asked: string[] = [];
    let clients = 2;
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.method === 'GET') clients -= 1;
      response.end(request.method === 'GET' ? STATS(clients) : 'OK');
    });
    const { port, stop } = await listen(server);
    await drainEnvoy({ host: '127.0.0.1', port }, { failAfter: 0, least: 0, most: 60_000 });
    await stop();
    expect(asked).toEqual([
      'POST /healthcheck/fail',
      'GET /stats?filter=downstream_cx_active',
      'GET /stats?filter=downstream_cx_active',
    ]);
  });
});
