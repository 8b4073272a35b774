import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { gzipSync, brotliCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '#test/listening.ts';
import { selfSigned } from '#test/seeds/self-signed.ts';
import { DEFAULT_FETCH_SETTINGS, type FetchSettings } from './fetch-settings.ts';
import type { FetchVia } from './guarded-connector.ts';
import { createFetcher, type FetchRequest } from './guarded-fetch.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
});

/** Fetches with settings of one's own. */
function fetching(settings: Partial<FetchSettings> = {}) {
  const fetcher = createFetcher({ ...DEFAULT_FETCH_SETTINGS, ...settings });
  closers.push(() => fetcher.close());
  return (url: string, request: Partial<FetchRequest> = {}) =>
    fetcher.fetch({ purpose: 'jwks', url, limit: 1_000, ...request });
}

async function listening(server: Server): Promise<number> {
  const { port, stop } = await listen(server);
  closers.push(stop);
  return port;
}

const serving = (listener: RequestListener): Promise<number> => listening(createServer(listener));

function overriding(entries: { readonly [host: string]: readonly [address: string, port?: number] }) {
  const addresses = Object.entries(entries).map(([host, [address, port]]) => [host, { address, port }] as const);
  return { resolverOverrides: new Map(addresses) };
}

const refusedFor = (reason: string) => ({ ok: false, refusal: { reason } });

describe('a guarded fetch', () => {
  it('brings the status, the headers and the body of an answer', async () => {
    const port = await serving((_, response) => response.writeHead(404, { 'x-a': 'b' }).end('gone'));
    const found = await fetching()(`http://127.0.0.1:${port}/keys?secret=1#x`);
    expect(found).toMatchObject({ ok: true, value: { status: 404, headers: { 'x-a': 'b' } } });
    expect(found.ok && Buffer.from(found.value.body).toString()).toBe('gone');
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://0xa9.254.0251.0xfe/',
    'http://169.254.43518/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[0:0:0:0:0:ffff:a9fe:a9fe]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'http://169.254.1.1/',
    'http://169。254。169。254/',
    'http://①⑥⑨.254.169.254/',
  ])('never connects to %s', async (url) => {
    expect(await fetching({ allow: ['0.0.0.0/0', '::/0'] })(url)).toMatchObject(refusedFor('AddressRefused'));
  });

  it('never connects to a metadata service, whatever stands in the overrides', async () => {
    const fetch = fetching(overriding({ 'metadata.google.internal': ['169.254.169.254'] }));
    expect(await fetch('http://METADATA.google.internal/')).toMatchObject(refusedFor('AddressRefused'));
  });

  it('judges the address that a name has, not the name', async () => {
    const fetch = fetching({ refuse: new Set(['Loopback']) });
    expect(await fetch('http://localhost:1/')).toMatchObject(refusedFor('AddressRefused'));
  });

  it.each(['http://127.0.0.1:1/', 'http://[::1]:1/', 'http://0.0.0.0:1/', 'http://2130706433:1/', 'http://127.1:1/'])(
    'refuses loopback where the settings say so: %s',
    async (url) => {
      expect(await fetching({ refuse: new Set(['Loopback']) })(url)).toMatchObject(refusedFor('AddressRefused'));
    },
  );

  it('lets through what the settings allow out of what they refuse', async () => {
    const port = await serving((_, response) => response.end());
    const refuse = new Set(['Loopback'] as const);
    expect(await fetching({ refuse, allow: ['127.0.0.0/30'] })(`http://127.0.0.1:${port}/`)).toMatchObject({
      ok: true,
    });
    expect(await fetching({ refuse, allow: ['127.0.1.0/24'] })(`http://127.0.0.1:${port}/`)).toMatchObject({
      ok: false,
    });
  });

  it('goes where an override says, with the host that was asked for', async () => {
    const port = await serving((request, response) => response.end(request.headers.host));
    const found = await fetching(overriding({ 'keys.example': ['127.0.0.1', port] }))('http://keys.example/');
    expect(found.ok && Buffer.from(found.value.body).toString()).toBe('keys.example');
  });

  it('takes the override of a port before that of the host', async () => {
    const port = await serving((_, response) => response.end());
    const fetch = fetching(overriding({ 'keys.example': ['127.0.0.1', 1], 'keys.example:8443': ['127.0.0.1', port] }));
    expect(await fetch('http://keys.example:8443/')).toMatchObject({ ok: true });
    expect(await fetch('http://keys.example/')).toMatchObject(refusedFor('Unreachable'));
  });

  it.each(['ftp://a.example/', 'file:///etc/passwd', 'nope', 'http://user:word@a.example/'])(
    'refuses %s',
    async (url) => {
      const found = await fetching()(url);
      expect(found).toMatchObject(refusedFor('BadUrl'));
      expect(JSON.stringify(found)).not.toContain('word@');
    },
  );

  it('shows no query of a URL in what it says', async () => {
    const found = await fetching()('http://127.0.0.1:1/keys?signature=abc');
    expect(JSON.stringify(found)).toContain('http://127.0.0.1:1/keys');
    expect(JSON.stringify(found)).not.toContain('abc');
  });
});

describe('a redirect', () => {
  it('is followed, without credentials to another origin', async () => {
    const other = await serving((request, response) => response.end(request.headers.authorization ?? 'none'));
    const port = await serving((request, response) => {
      const here = request.url === '/' ? '/again' : `http://127.0.0.1:${other}/`;
      response.writeHead(302, { location: here, 'x-seen': request.headers.authorization ?? 'none' }).end();
    });
    const found = await fetching()(`http://127.0.0.1:${port}/`, { headers: { authorization: 'Bearer a' } });
    expect(found.ok && Buffer.from(found.value.body).toString()).toBe('none');
  });

  it.each(['http://169.254.169.254/', 'http://[fd00:ec2::254]/', '//0xa9fea9fe/', 'http://[fe80::1]/'])(
    'to %s is refused',
    async (location) => {
      const port = await serving((_, response) => response.writeHead(302, { location }).end());
      expect(await fetching()(`http://127.0.0.1:${port}/`)).toMatchObject(refusedFor('AddressRefused'));
    },
  );

  it('to another scheme is refused', async () => {
    const port = await serving((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
    expect(await fetching()(`http://127.0.0.1:${port}/`)).toMatchObject(refusedFor('BadUrl'));
  });

  it('is followed only so often', async () => {
    const port = await serving((_, response) => response.writeHead(307, { location: '/' }).end());
    expect(await fetching()(`http://127.0.0.1:${port}/`)).toMatchObject(refusedFor('BadRedirect'));
  });
});

describe('time', () => {
  const timeout = 300;
  it.each<readonly [string, RequestListener]>([
    ['no answer', () => undefined],
    ['a body that never ends slowly', (_, response) => drip(() => response.write('a'))],
    ['a header without a body', (_, response) => response.writeHead(200, { 'content-length': '5' }).flushHeaders()],
  ])('is up with %s', async (_, listener) => {
    const port = await serving(listener);
    expect(await fetching()(`http://127.0.0.1:${port}/`, { timeout })).toMatchObject(refusedFor('TimedOut'));
  });

  it('is up with a header that never ends', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined).write('HTTP/1.1 200 OK\r\nx: ');
      drip(() => socket.write('a'));
    });
    const port = await listening(server);
    expect(await fetching()(`http://127.0.0.1:${port}/`, { timeout })).toMatchObject(refusedFor('TimedOut'));
  });

  it('ends early for whoever does not want it any more', async () => {
    const port = await serving(() => stop.abort());
    const stop = new AbortController();
    const found = await fetching()(`http://127.0.0.1:${port}/`, { signal: stop.signal });
    expect(found).toMatchObject(refusedFor('Canceled'));
  });
});

describe('size', () => {
  const big = Buffer.alloc(50_000_000);
  it.each<readonly [string, RequestListener]>([
    ['a body that says so', (_, response) => response.writeHead(200, { 'content-length': '1001' }).end('a')],
    ['an endless body', (_, response) => flood(response)],
    ['a gzip bomb', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(big))],
    [
      'a brotli bomb that says it is small',
      (_, response) => response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync(big)),
    ],
    [
      'endless members of gzip',
      (_, response) => flood(response.writeHead(200, { 'content-encoding': 'gzip' }), gzipSync('')),
    ],
  ])('is bounded with %s', async (_, listener) => {
    const port = await serving(listener);
    expect(await fetching()(`http://127.0.0.1:${port}/`)).toMatchObject(refusedFor('TooLarge'));
  });

  it('may be the limit', async () => {
    const port = await serving((_, response) => response.end('a'.repeat(1_000)));
    const found = await fetching()(`http://127.0.0.1:${port}/`);
    expect(found.ok && found.value.body.length).toBe(1_000);
  });

  it('counts what is decompressed', async () => {
    const body = gzipSync('a'.repeat(1_000));
    const port = await serving((_, response) => response.writeHead(200, { 'content-encoding': 'GZIP' }).end(body));
    const found = await fetching()(`http://127.0.0.1:${port}/`);
    expect(found.ok && found.value.body.length).toBe(1_000);
  });

  it.each([
    ['what is no gzip', 'gzip', 'nope'],
    ['gzip that ends early', 'gzip', gzipSync('a'.repeat(500)).subarray(0, 15)],
    ['an unknown encoding', 'zstd', 'x'],
    ['an encoding of an encoding', 'gzip, gzip', 'x'],
  ])('is not known of %s', async (_, encoding, body) => {
    const port = await serving((__, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body));
    expect(await fetching()(`http://127.0.0.1:${port}/`)).toMatchObject(refusedFor('BadEncoding'));
  });

  it('of the header is bounded', async () => {
    const port = await serving((_, response) => response.writeHead(200, { 'x-a': 'a'.repeat(50_000) }).end());
    expect(await fetching()(`http://127.0.0.1:${port}/`)).toMatchObject(refusedFor('Unreachable'));
  });
});

describe('TLS', () => {
  const secure = async (hostname: string) => {
    const { 'tls.crt': certificate, 'tls.key': key } = selfSigned(hostname);
    const port = await listening(createTlsServer({ cert: certificate, key }, (_, response) => response.end('safe')));
    return { certificate, overrides: overriding({ 'keys.example': ['127.0.0.1', port] }), port };
  };

  it('is trusted by a certificate of the bundle', async () => {
    const { certificate, overrides } = await secure('keys.example');
    const found = await fetching({ ...overrides, caBundle: certificate })('https://keys.example/');
    expect(found).toMatchObject({ ok: true, value: { status: 200 } });
  });

  it('of a back-end is trusted by the authorities that are said, and theirs alone, for the name that is said', async () => {
    const { certificate, port } = await secure('inner.example');
    const endpoints = [{ host: '127.0.0.1', port }];
    const ask = (via: Partial<FetchVia>, settings: Partial<FetchSettings> = {}) =>
      fetching(settings)('https://keys.example/', { via: { endpoints, ...via } });
    const serverName = 'inner.example';
    expect(await ask({ authorities: certificate, serverName })).toMatchObject({ ok: true, value: { status: 200 } });
    expect(await ask({ serverName }, { caBundle: certificate })).toMatchObject({ ok: true });
    expect(await ask({ authorities: certificate })).toMatchObject(refusedFor('TlsFailed'));
    const { 'tls.crt': other } = selfSigned('inner.example');
    const wrong = await ask({ authorities: other, serverName }, { caBundle: certificate });
    expect(wrong).toMatchObject(refusedFor('TlsFailed'));
  });

  it('is not trusted without', async () => {
    const { overrides } = await secure('keys.example');
    expect(await fetching(overrides)('https://keys.example/')).toMatchObject(refusedFor('TlsFailed'));
  });

  it('is not trusted for another host', async () => {
    const { certificate, overrides } = await secure('other.example');
    const found = await fetching({ ...overrides, caBundle: certificate })('https://keys.example/');
    expect(found).toMatchObject(refusedFor('TlsFailed'));
  });

  it('is not spoken by a server that has none', async () => {
    const port = await serving((_, response) => response.end());
    expect(await fetching()(`https://127.0.0.1:${port}/`)).toMatchObject(refusedFor('TlsFailed'));
  });

  it('is not left by a redirect', async () => {
    const plain = await serving((_, response) => response.end());
    const { 'tls.crt': certificate, 'tls.key': key } = selfSigned('keys.example');
    const server = createTlsServer({ cert: certificate, key }, (_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${plain}/` }).end(),
    );
    const port = await listening(server);
    const settings = { ...overriding({ 'keys.example': ['127.0.0.1', port] }), caBundle: certificate };
    expect(await fetching(settings)('https://keys.example/')).toMatchObject(refusedFor('BadRedirect'));
  });
});

describe('a fetch by way of others', () => {
  it('connects to the first that can be, with the host of its URL', async () => {
    const port = await serving((request, response) => response.end(request.headers.host));
    const via = [
      { host: '127.0.0.1', port: 1 },
      { host: '127.0.0.1', port },
    ];
    const found = await fetching()('http://keys.example/a', { via: { endpoints: via } });
    expect(found.ok && Buffer.from(found.value.body).toString()).toBe('keys.example');
  });

  it('is guarded all the same', async () => {
    const fetch = fetching({ refuse: new Set(['Loopback']) });
    const via = (host: string) => ({ via: { endpoints: [{ host, port: 1 }] } });
    expect(await fetch('http://keys.example/', via('169.254.169.254'))).toMatchObject(refusedFor('AddressRefused'));
    expect(await fetch('http://keys.example/', via('127.0.0.1'))).toMatchObject(refusedFor('AddressRefused'));
    expect(await fetch('http://keys.example/', via('localhost'))).toMatchObject(refusedFor('AddressRefused'));
  });

  it('leaves no connection behind that the host itself would be asked on', async () => {
    const port = await serving((_, response) => response.end());
    const fetch = fetching(overriding({ 'keys.example': ['127.0.0.1', 1] }));
    const via = { endpoints: [{ host: '127.0.0.1', port }] };
    expect(await fetch('http://keys.example/', { via })).toMatchObject({ ok: true });
    expect(await fetch('http://keys.example/')).toMatchObject(refusedFor('Unreachable'));
  });

  it('follows redirects to other hosts there', async () => {
    const other = await serving((_, response) => response.end('other'));
    const port = await serving((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${other}/` }).end(),
    );
    const found = await fetching()('http://keys.example/', { via: { endpoints: [{ host: '127.0.0.1', port }] } });
    expect(found.ok && Buffer.from(found.value.body).toString()).toBe('other');
  });

  it('fails when there is nobody', async () => {
    expect(await fetching()('http://keys.example/', { via: { endpoints: [] } })).toMatchObject(
      refusedFor('Unreachable'),
    );
  });
});

describe('what cannot be reached', () => {
  it('is told apart: no such host, nobody there', async () => {
    const fetch = fetching();
    expect(await fetch('http://nobody.invalid/')).toMatchObject(refusedFor('NotResolved'));
    expect(await fetch('http://127.0.0.1:1/')).toMatchObject(refusedFor('Unreachable'));
  });

  it('includes a connection that breaks in the middle', async () => {
    const port = await serving((_, response) => {
      response.writeHead(200, { 'content-length': '5' }).write('ab');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await fetching()(`http://127.0.0.1:${port}/`)).toMatchObject(refusedFor('Unreachable'));
  });
});

/** Writes a little, again and again. */
function drip(write: () => void): void {
  const timer = setInterval(write, 20);
  closers.push(() => clearInterval(timer));
}

/** Writes until the other side hangs up. */
function flood(response: NodeJS.WritableStream & { readonly destroyed?: boolean }, chunk = Buffer.alloc(500)): void {
  response.on('error', () => undefined);
  drip(() => Array.from({ length: 20 }, () => response.write(chunk)));
}
