import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../listening.ts';
import { freePort } from '../process/sluice.ts';
import { type EchoSite, startEchoSite } from './echo-site.ts';
import { backend, manifest, route, to } from './route-site.ts';

let site: EchoSite;
beforeAll(async () => {
  site = await startEchoSite();
});
afterAll(() => site.stop());

const serve = (rules: readonly object[], ...others: readonly object[]) => site.serveRules(rules, ...others);

let asked = 0;
/** Asks for an answer that fails the first times. */
const failing = (times: number, headers: Readonly<Record<string, string>> = {}) =>
  site.get('/', { 'x-echo-fails': String(times), 'x-echo-key': `rules-${asked++}`, ...headers });

describe('retry', () => {
  const retrying = (retry: object, timeouts: object = {}) =>
    serve([{ backendRefs: [to('echo-0')], retry: { backoff: '1ms', ...retry }, timeouts }]);

  it('of a code asks again as often as it says, and not for another code', async () => {
    await retrying({ codes: [503], attempts: 3 });
    expect((await failing(3)).status).toBe(200);
    expect((await failing(4)).status).toBe(503);
    expect((await failing(0, { 'x-echo-status': '500' })).status).toBe(500);
    const before = site.echoes[0].count();
    await failing(0, { 'x-echo-status': '500' });
    expect(site.echoes[0].count()).toBe(before + 1);
  });

  it('asks again when a back-end takes longer than it may', async () => {
    await retrying({ codes: [504], attempts: 1 }, { backendRequest: '1s' });
    const before = site.echoes[0].count();
    expect((await site.get('/', { 'x-echo-delay': '20000' })).status).toBe(504);
    expect(site.echoes[0].count()).toBe(before + 2);
  });

  it('asks again, elsewhere, when a connection fails or breaks', async () => {
    let broken = 0;
    const server = createTcpServer((socket) => {
      socket.once('data', () => {
        broken += 1;
        socket.destroy();
      });
    });
    const breaking = await listen(server);
    await serve(
      [{ backendRefs: [to('mixed')], retry: { attempts: 5, backoff: '1ms' } }],
      backend('mixed', [await freePort(), breaking.port, site.echoes[0].port]),
    );
    for (let i = 0; i < 20; i++) expect((await site.get('/')).status).toBe(200);
    expect(broken).toBeGreaterThan(0);
    await breaking.stop();
  });
});

describe('a host with a port', () => {
  it('is the host without it', async () => {
    const named = (name: string, index: number) =>
      manifest('HTTPRoute', name, {
        parentRefs: [{ name: 'shop', port: 0 }].map(({ name: parent }) => ({ name: parent })),
        hostnames: [`${name}.example`],
        rules: [{ backendRefs: [to(`echo-${index}`)] }],
      });
    await site.serve(named('one', 0), named('two', 1), ...site.backends);
    for (const host of ['one.example', 'one.example:8080', 'ONE.example:1']) {
      expect((await site.get('/', { host })).response?.['x-echo-port']).toBe(String(site.echoes[0].port));
    }
    expect((await site.get('/', { host: 'two.example:443' })).response?.['x-echo-port']).toBe(
      String(site.echoes[1].port),
    );
    expect((await site.get('/', { host: 'three.example:80' })).status).toBe(404);
  });
});

describe('a back-end that cannot be had', () => {
  it('answers 500 for its share alone', async () => {
    await serve([{ backendRefs: [to('echo-0', { weight: 3 }), to('nowhere', { weight: 1 })] }]);
    let failed = 0;
    for (let i = 0; i < 400; i++) failed += (await site.get('/')).status === 500 ? 1 : 0;
    expect(failed).toBeGreaterThan(50);
    expect(failed).toBeLessThan(160);
  });

  it('of weight 0 is no share', async () => {
    await serve([{ backendRefs: [to('echo-0'), to('nowhere', { weight: 0 })] }]);
    for (let i = 0; i < 20; i++) expect((await site.get('/')).status).toBe(200);
    await serve([{ backendRefs: [to('echo-0', { weight: 0 })] }]);
    expect((await site.get('/')).status).toBe(500);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('may be %d', async (statusCode) => {
    await serve([
      { filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'other.example', statusCode } }] },
    ]);
    const answer = await site.get('/path?query', { host: 'shop.example' }, 'POST');
    expect(answer.status).toBe(statusCode);
    expect(answer.response?.['location']).toMatch(/^http:\/\/other\.example(:\d+)?\/path\?query$/u);
  });
});

describe('the protocol of a back-end', () => {
  it.each(['kubernetes.io/h2c', 'gateway.envoyproxy.io/h2c'])('%s is HTTP/2 without TLS', async (appProtocol) => {
    const versions: string[] = [];
    const server = createHttp2Server((request, response) => {
      versions.push(request.httpVersion);
      response.end();
    });
    const { port, stop } = await listen(server);
    await served(appProtocol, port);
    expect((await site.get('/')).status).toBe(200);
    expect(versions).toEqual(['2.0']);
    await stop();
  });

  it.each([undefined, 'kubernetes.io/ws', 'gateway.envoyproxy.io/ws', 'http'])(
    '%s takes WebSockets',
    async (appProtocol) => {
      const server = createHttpServer();
      new WebSocketServer({ server }).on('connection', (socket) =>
        socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
      );
      const { port, stop } = await listen(server);
      const at = await served(appProtocol, port);
      const client = new WebSocket(`ws://127.0.0.1:${at}/socket`);
      const answer = await new Promise<string>((resolve, reject) => {
        client.on('error', reject);
        client.on('open', () => client.send('hello'));
        client.on('message', (data: Buffer) => resolve(data.toString()));
      });
      expect(answer).toBe('echo hello');
      client.terminate();
      await stop();
    },
  );

  /** Serves a Service with one port, of this protocol. */
  function served(appProtocol: string | undefined, port: number): Promise<number> {
    const ports = [{ name: 'web', port: 80, ...(appProtocol === undefined ? {} : { appProtocol }) }];
    return site.serve(route([{ backendRefs: [{ name: 'web', port: 80 }] }]), manifest('Service', 'web', { ports }), {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ name: 'web', port }],
      endpoints: [{ addresses: ['127.0.0.1'] }],
    });
  }
});
