import { Agent, createServer, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../listening.ts';
import { freePort } from '../process/sluice.ts';
import { startAuthorization } from './authorization-server.ts';
import { backend, manifest, route, type RouteSite, startRouteSite, to } from './route-site.ts';

let site: RouteSite;
beforeAll(async () => {
  site = await startRouteSite();
});
afterAll(() => site.stop());

/** Serves `/asked`, which asks a server at a port, and `/open`, which does not. */
const serve = (port: number, externalAuth: object) =>
  site.serve(
    route([
      {
        matches: [{ path: { value: '/asked' } }],
        filters: [{ type: 'ExternalAuth', externalAuth: { backendRef: to('auth'), ...externalAuth } }],
        backendRefs: [to('echo')],
      },
      { matches: [{ path: { value: '/open' } }], backendRefs: [to('echo')] },
    ]),
    backend('echo', [site.echo.port]),
    backend('auth', [port]),
  );

async function post(port: number, path: string, body: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
  await response.text();
  return response.status;
}

describe('a server that is asked by HTTP', () => {
  const asked: { readonly headers: IncomingHttpHeaders; readonly url: string | undefined; readonly body: string }[] =
    [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({ headers: request.headers, url: request.url, body: Buffer.concat(chunks).toString() });
      const passes = request.headers['x-user'] !== 'mallory' && request.headers.authorization !== 'none';
      response.writeHead(passes ? 200 : 401, {
        'x-tenant': 'blue',
        'x-other': 'of-server',
        'www-authenticate': 'Basic',
      });
      response.end('of the server');
    });
  });
  let port = 0;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ port, stop } = await listen(server));
  });
  afterAll(() => stop());

  it('lets pass with 200, and gets and gives the headers that it is to', async () => {
    const http = { path: '/check', allowedHeaders: ['X-User'], allowedResponseHeaders: ['X-Tenant'] };
    await serve(port, { protocol: 'HTTP', http });
    const headers = { host: 'shop.example', 'x-user': 'alice', 'x-private': 'of-client', authorization: 'some' };
    const answer = await site.get('/asked/x?y=z', headers);
    expect(answer.status).toBe(200);
    expect(answer.upstream['x-tenant']).toBe('blue');
    expect(answer.upstream['x-other']).toBeUndefined();
    const seen = asked.at(-1);
    expect(seen).toMatchObject({
      url: '/check/asked/x?y=z',
      headers: { host: 'shop.example', 'x-user': 'alice', authorization: 'some' },
    });
    expect(seen?.headers['x-private']).toBeUndefined();
  });

  it('gives all headers of its own without a list, but those of its answer itself', async () => {
    await serve(port, { protocol: 'HTTP', http: {} });
    const { upstream } = await site.get('/asked', { 'content-type': 'text/of-client' });
    expect(upstream).toMatchObject({ 'x-tenant': 'blue', 'x-other': 'of-server', 'content-type': 'text/of-client' });
    expect(upstream['content-length']).toBeUndefined();
    expect(upstream['date']).toBeUndefined();
    const response = await fetch(`http://127.0.0.1:${await serve(port, { protocol: 'HTTP', http: {} })}/asked`, {
      method: 'POST',
      body: 'whole',
    });
    expect(JSON.parse(await response.text())).toMatchObject({ 'content-length': '5' });
  });

  it('answers in place of the back-end with anything but 200', async () => {
    await serve(port, { protocol: 'HTTP', http: { allowedHeaders: ['x-user'] } });
    const before = site.echo.count();
    const refused = await site.get('/asked', { 'x-user': 'mallory' });
    expect(refused).toMatchObject({ status: 401, body: 'of the server', response: { 'www-authenticate': 'Basic' } });
    expect(site.echo.count()).toBe(before);
    expect((await site.get('/open', { 'x-user': 'mallory' })).status).toBe(200);
  });

  it('gets the body up to its size, and a longer one is refused', async () => {
    const at = await serve(port, { protocol: 'HTTP', http: {}, forwardBody: { maxSize: 10 } });
    expect(await post(at, '/asked', '0123456789')).toBe(200);
    expect(asked.at(-1)?.body).toBe('0123456789');
    expect(await post(at, '/asked', '0123456789a')).toBe(413);
    const without = await serve(port, { protocol: 'HTTP', http: {} });
    expect(await post(without, '/asked', '0123456789a')).toBe(200);
    expect(asked.at(-1)?.body).toBe('');
  });

  it('that is dead lets nothing pass', async () => {
    await serve(await freePort(), { protocol: 'HTTP', http: {} });
    expect((await site.get('/asked')).status).toBe(403);
    expect((await site.get('/open')).status).toBe(200);
  });
});

describe('a server that is asked by gRPC', () => {
  const seen: Readonly<Record<string, string>>[] = [];
  let port = 0;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ port, stop } = await startAuthorization(({ attributes }) => {
      const headers = attributes?.request?.http?.headers ?? {};
      seen.push(headers);
      return headers['x-user'] !== 'mallory';
    }));
  });
  afterAll(() => stop());

  it('decides, and gets the headers that it is to', async () => {
    await serve(port, { protocol: 'GRPC', grpc: { allowedHeaders: ['x-user'] } });
    expect((await site.get('/asked', { 'x-user': 'alice', 'x-private': 'yes' })).status).toBe(200);
    expect(seen.at(-1)).toMatchObject({ 'x-user': 'alice' });
    expect(seen.at(-1)).not.toHaveProperty('x-private');
    expect((await site.get('/asked', { 'x-user': 'mallory' })).status).toBe(403);
    await serve(port, { protocol: 'GRPC', grpc: {} });
    expect((await site.get('/asked', { 'x-private': 'yes' })).status).toBe(200);
    expect(seen.at(-1)).toMatchObject({ 'x-private': 'yes' });
  });

  it('that is dead, or does not exist, lets nothing pass', async () => {
    await serve(await freePort(), { protocol: 'GRPC', grpc: {} });
    expect((await site.get('/asked')).status).toBe(403);
    await serve(port, { protocol: 'GRPC', grpc: {}, backendRef: to('nobody') });
    expect((await site.get('/asked')).status).toBe(500);
    expect((await site.get('/open')).status).toBe(200);
  });
});

describe('a connection that is older than the filter', () => {
  const rules = (filters: readonly object[]) => [{ filters, backendRefs: [to('echo')] }];
  const externalAuth = { protocol: 'HTTP', backendRef: to('auth'), http: {} };
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'route' }];

  const injecting = {
    type: 'ExtensionRef',
    extensionRef: { group: 'gateway.envoyproxy.io', kind: 'HTTPRouteFilter', name: 'filter' },
  };

  it.each<readonly [name: string, guarded: readonly object[]]>([
    ['of a server that is asked', [route(rules([{ type: 'ExternalAuth', externalAuth }]))]],
    [
      'of a password',
      [
        route(rules([])),
        manifest('SecurityPolicy', 'policy', { targetRefs, basicAuth: { users: { name: 'users' } } }),
        manifest('Secret', 'users', { stringData: { '.htpasswd': 'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=' } }),
      ],
    ],
    [
      'of a credential',
      [
        route(rules([injecting])),
        manifest('HTTPRouteFilter', 'filter', { credentialInjection: { credential: { valueRef: { name: 'key' } } } }),
        manifest('Secret', 'key', { stringData: { credential: 'some' } }),
      ],
    ],
    [
      'of a credential for a back-end',
      [
        route([{ backendRefs: [to('echo', { filters: [injecting] })] }]),
        manifest('HTTPRouteFilter', 'filter', { credentialInjection: { credential: { valueRef: { name: 'key' } } } }),
        manifest('Secret', 'key', { stringData: { credential: 'some' } }),
      ],
    ],
    [
      'of a processor',
      [
        route(rules([])),
        manifest('EnvoyExtensionPolicy', 'policy', { targetRefs, extProc: [{ backendRefs: [to('auth')] }] }),
      ],
    ],
  ])('%s is not let pass without it', async (_, guarded) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const at = await freePort();
    const ask = () =>
      new Promise<number>((resolve, reject) => {
        const request = httpRequest({ host: '127.0.0.1', port: at, path: '/asked', agent }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        });
        request.on('error', reject).end();
      });
    const others = [backend('echo', [site.echo.port]), backend('auth', [await freePort()])];
    await site.serveAt(at, route(rules([])), ...others);
    expect(await ask()).toBe(200);
    await site.serveAt(at, ...guarded, ...others);
    expect([401, 403]).toContain(await ask());
    expect([401, 403]).toContain(await ask());
    agent.destroy();
  });
});
