import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lower } from '#controller/xds/lower.ts';
import { type Listening, listen } from '../listening.ts';
import { freePort, until } from '../process/sluice.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';
import { oneRoute } from './one-route.ts';

const BODY = 'abcdefghij'.repeat(300);

let envoy: LiveEnvoy;
let port: number;
let backend: Listening;
beforeAll(async () => {
  envoy = await startLiveEnvoy();
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume().on('end', () => {
      const status = Number(request.headers['x-status'] ?? 200);
      response.writeHead(status, {
        'x-kind': 'internal-a',
        'x-accepted': request.headers['accept-encoding'] ?? 'none',
      });
      response.end(BODY);
    });
  });
  server.on('upgrade', ({ headers }, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${headers.upgrade}\r\n\r\n`);
    socket.pipe(socket);
  });
  backend = await listen(server);
});
beforeEach(async () => {
  port = await freePort();
});
afterAll(async () => {
  await envoy.stop();
  await backend.stop();
});

async function serve(policy: object, more = ''): Promise<void> {
  const manifests = oneRoute({ policy, port, ports: [backend.port], hostname: 'shop.example' });
  expect(await envoy.publish(lower(compileText(`${manifests}${more}`), undefined))).toEqual([]);
}

interface Got {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Asked {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function send({ path = '/', headers: more = {}, body = '' }: Asked = {}): Promise<Got> {
  const headers = { host: 'shop.example', ...more };
  const method = body === '' ? 'GET' : 'POST';
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status, headers: got } = response;
        resolve({ status, headers: got, body: Buffer.concat(chunks) });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('faultInjection', () => {
  it('ends requests with a status', async () => {
    await serve({ faultInjection: { abort: { httpStatus: 418 } } });
    expect((await send()).status).toBe(418);
  });

  it('ends some of them, when it says so', async () => {
    await serve({ faultInjection: { abort: { httpStatus: 418, percentage: 30 } } });
    const answers = await Promise.all(Array.from({ length: 200 }, () => send()));
    const failed = answers.filter(({ status }) => status === 418).length;
    expect(failed).toBeGreaterThan(20);
    expect(failed).toBeLessThan(120);
  });

  it('lets requests wait', async () => {
    await serve({ faultInjection: { delay: { fixedDelay: '300ms' } } });
    const before = performance.now();
    expect((await send()).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(290);
  });
});

describe('requestBuffer', () => {
  it('refuses a body that is too large, and no other', async () => {
    await serve({ requestBuffer: { limit: '4Ki' } });
    expect((await send({ body: 'x'.repeat(8192) })).status).toBe(413);
    expect((await send({ body: 'x'.repeat(4096) })).status).toBe(200);
  });
});

describe('compressor', () => {
  const all = [
    { type: 'Gzip', gzip: {} },
    { type: 'Brotli', brotli: {} },
    { type: 'Zstd', zstd: {} },
  ];

  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ])('answers in %s who takes that', async (encoding, decompress) => {
    await serve({ compressor: all });
    const { headers, body } = await send({ headers: { 'accept-encoding': encoding } });
    expect(headers['content-encoding']).toBe(encoding);
    expect(decompress(body).toString()).toBe(BODY);
    expect(headers['x-accepted']).toBe('none');
  });

  it('answers in what stands first who likes all as much, and as it is who takes none', async () => {
    await serve({ compressor: all.toReversed() });
    const { headers } = await send({ headers: { 'accept-encoding': 'gzip, br, zstd' } });
    expect(headers['content-encoding']).toBe('zstd');
    const plain = await send();
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.toString()).toBe(BODY);
  });

  it('leaves routes alone that do not ask for it', async () => {
    await serve({});
    const { headers } = await send({ headers: { 'accept-encoding': 'gzip' } });
    expect(headers).not.toHaveProperty('content-encoding');
    expect(headers['x-accepted']).toBe('gzip');
  });
});

describe('responseOverride', () => {
  const inline = (text: string) => ({ body: { type: 'Inline', inline: text } });
  const status = (value: number) => ({ statusCodes: [{ type: 'Value', value }] });

  it('answers something else, by status and header', async () => {
    await serve({
      responseOverride: [
        {
          match: {
            statusCodes: [{ type: 'Range', range: { start: 400, end: 499 } }],
            responseHeaders: [{ name: 'X-Kind', value: { type: 'Prefix', value: 'internal' } }],
          },
          response: {
            statusCode: 410,
            contentType: 'text/x-sorry',
            ...inline('sorry'),
            header: {
              set: [{ name: 'x-set', value: '100%' }],
              add: [{ name: 'x-more', value: 'a' }],
            },
          },
        },
        { match: { statusCodes: [{ type: 'Range', range: { start: 500, end: 511 } }] }, response: inline('later') },
      ],
    });
    const gone = await send({ headers: { 'x-status': '404' } });
    expect([gone.status, gone.body.toString()]).toEqual([410, 'sorry']);
    expect(gone.headers).toMatchObject({ 'content-type': 'text/x-sorry', 'x-set': '100%', 'x-more': 'a' });
    const late = await send({ headers: { 'x-status': '511' } });
    expect([late.status, late.body.toString()]).toEqual([511, 'later']);
    expect((await send({ headers: { 'x-status': '512' } })).body.toString()).toBe(BODY);
    expect((await send()).body.toString()).toBe(BODY);
  });

  it('takes a body from a ConfigMap', async () => {
    const map = `---\n${JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'sorry' },
      data: { 'response.body': 'We are %RESPONSE_CODE%' },
    })}\n`;
    const body = { type: 'ValueRef', valueRef: { group: '', kind: 'ConfigMap', name: 'sorry' } };
    await serve({ responseOverride: [{ match: status(500), response: { body } }] }, map);
    expect((await send({ headers: { 'x-status': '500' } })).body.toString()).toBe('We are 500');
  });

  it.each([
    ['Local', 'Envoy itself', true, false],
    ['Backend', 'the back-end', false, true],
    ['All', 'both', true, true],
  ])('of %s answers replaces those of %s', async (source, _, local, ofBackend) => {
    const replaced = { match: status(503), source, response: inline('replaced') };
    await serve({ responseOverride: [replaced], circuitBreaker: { maxParallelRequests: 0 } });
    expect((await send()).body.toString() === 'replaced').toBe(local);
    await serve({ responseOverride: [replaced] });
    expect((await send({ headers: { 'x-status': '503' } })).body.toString() === 'replaced').toBe(ofBackend);
  });

  it.each<readonly [redirect: object, location: string]>([
    [{}, 'http://shop.example:81/a?b=100%'],
    [{ scheme: 'https' }, 'https://shop.example/a?b=100%'],
    [{ port: 8443 }, 'http://shop.example:8443/a?b=100%'],
    [{ port: 80 }, 'http://shop.example/a?b=100%'],
    [{ hostname: 'login.example', scheme: 'https', port: 443 }, 'https://login.example/a?b=100%'],
    [
      {
        scheme: 'https',
        hostname: 'login.example',
        port: 8443,
        path: { type: 'ReplaceFullPath', replaceFullPath: '/%41' },
      },
      'https://login.example:8443/%41',
    ],
  ])('sends somewhere else: %j to %s', async (redirect, location) => {
    await serve({ responseOverride: [{ match: status(401), redirect: { statusCode: 302, ...redirect } }] });
    const { status: found, headers } = await send({
      path: '/a?b=100%',
      headers: { 'x-status': '401', host: 'shop.example:81' },
    });
    expect([found, headers.location]).toEqual([302, location]);
  });

  it('sends to the port of the listener where it names a host alone', async () => {
    await serve({ responseOverride: [{ match: status(401), redirect: { statusCode: 301, hostname: 'b.example' } }] });
    const { headers } = await send({ headers: { 'x-status': '401' } });
    expect(headers.location).toBe(`http://b.example:${port}/`);
  });
});

describe('bandwidthLimit', () => {
  it('lets answers come slowly, and tells so in trailers', async () => {
    await serve({
      bandwidthLimit: {
        response: { limit: { value: '2Ki', unit: 'Second' }, responseTrailers: { prefix: 'x-slow-' } },
      },
    });
    const before = performance.now();
    const session = http2Connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':authority': 'shop.example', te: 'trailers' }).resume();
    const trailers = new Promise<object>((resolve) => {
      stream.on('trailers', resolve);
    });
    await once(stream, 'end');
    session.close();
    expect(performance.now() - before).toBeGreaterThan(300);
    expect(Object.keys(await trailers).join(' ')).toMatch(/x-slow-/u);
  });

  it('lets requests come slowly', async () => {
    await serve({ bandwidthLimit: { request: { limit: { value: '2Ki', unit: 'Second' } } } });
    const before = performance.now();
    expect((await send({ body: 'x'.repeat(4096) })).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(500);
  });
});

describe('admissionControl', () => {
  it('refuses requests once too many have failed', async () => {
    await serve({ admissionControl: { minSuccessRate: 95, minRequestRate: 0, samplingWindow: '30s' } });
    const answers: Got[] = [];
    for (let i = 0; i < 100; i++) answers.push(await send({ headers: { 'x-status': '500' } }));
    const refused = answers.filter(({ status }) => status === 503).length;
    expect(refused).toBeGreaterThan(10);
    expect(refused).toBeLessThan(100);
  });
});

/** Sends bytes on a connection of its own; gives what has come once it fits. */
async function converse(bytes: string, fits: RegExp, next?: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  let said = false;
  socket.write(bytes);
  try {
    for await (const chunk of socket) {
      got += String(chunk);
      if (fits.test(got)) return got;
      if (next !== undefined && !said) {
        said = true;
        socket.write(next);
      }
    }
    return got;
  } finally {
    socket.destroy();
  }
}

describe('httpUpgrade', () => {
  const upgrade = (to: string) =>
    `GET / HTTP/1.1\r\nhost: shop.example\r\nconnection: upgrade\r\nupgrade: ${to}\r\n\r\n`;
  const status = async (to: string) => (await converse(upgrade(to), /^HTTP\S+ \d+ /u)).split(' ')[1];

  it.each<readonly [name: string, policy: object, websocket: string, spdy: string]>([
    ['without a policy is to WebSocket', {}, '101', '403'],
    ['is to what a policy says', { httpUpgrade: [{ type: 'spdy/3.1' }] }, '403', '101'],
    ['is to all that a policy says', { httpUpgrade: [{ type: 'spdy/3.1' }, { type: 'websocket' }] }, '101', '101'],
    ['is not for requests that must be whole', { requestBuffer: { limit: '4Ki' } }, '403', '403'],
  ])('%s', async (_, policy, websocket, spdy) => {
    await serve(policy);
    expect([await status('websocket'), await status('spdy/3.1')]).toEqual([websocket, spdy]);
  });

  it('carries bytes', async () => {
    await serve({});
    expect(await converse(upgrade('websocket'), /ping$/u, 'ping')).toMatch(/^HTTP\/1\.1 101 [^]*ping$/u);
  });

  it('opens a tunnel that ends here', async () => {
    await serve({ httpUpgrade: [{ type: 'CONNECT', connect: { terminate: true } }] });
    const inner = 'GET /inner HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n';
    const got = await converse(
      'CONNECT shop.example:80 HTTP/1.1\r\nhost: shop.example:80\r\n\r\n',
      /abcdefghij/u,
      inner,
    );
    expect(got).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 200 OK\r\n[^]*abcdefghij/u);
  });
});

describe('telemetry', () => {
  it('names the statistics of routes', async () => {
    await serve({ telemetry: { metrics: { routeStatName: 'of-%ROUTE_NAME%' } } });
    await send();
    await until('the request is counted', async () =>
      /route\.of-route\.upstream_rq_200: 1/u.test(await envoy.admin('/stats?filter=route.of-route')),
    );
  });
});
