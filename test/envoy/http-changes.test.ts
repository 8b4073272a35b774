import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EchoSite, startEchoSite } from './echo-site.ts';
import { answering, manifest, to } from './route-site.ts';

let site: EchoSite;
beforeAll(async () => {
  site = await startEchoSite();
});
afterAll(() => site.stop());

const serve = (rules: readonly object[], ...others: readonly object[]): Promise<number> =>
  site.serveRules(rules, ...others);

const CHANGES = {
  set: [
    { name: 'x-set', value: 'new' },
    { name: 'x-set-too', value: '2' },
  ],
  add: [{ name: 'x-add', value: 'more' }],
  remove: ['x-remove'],
};

describe('header filters', () => {
  it('set, add and remove headers of requests', async () => {
    await serve([
      { filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: CHANGES }], backendRefs: [to('echo-0')] },
    ]);
    const given = { 'x-set': 'old', 'x-add': 'first', 'x-remove': 'gone', 'x-other': 'stays' };
    const { upstream } = await site.get('/', given);
    expect(upstream).toMatchObject({ 'x-set': 'new', 'x-set-too': '2', 'x-add': 'first, more', 'x-other': 'stays' });
    expect(upstream).not.toHaveProperty('x-remove');
  });

  it('set, add and remove headers of answers', async () => {
    const responseHeaderModifier = {
      set: [{ name: 'content-type', value: 'text/plain' }],
      add: [{ name: 'x-echo-path', value: 'more' }],
      remove: ['x-echo-port'],
    };
    await serve([
      { filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier }], backendRefs: [to('echo-0')] },
    ]);
    const { response } = await site.get('/asked');
    expect(response).toMatchObject({ 'content-type': 'text/plain', 'x-echo-path': '/asked, more' });
    expect(response).not.toHaveProperty('x-echo-port');
    expect(response).toHaveProperty('x-echo-from');
  });
});

describe('URLRewrite', () => {
  const rewriting = (urlRewrite: object, value = '/') =>
    serve([
      { matches: [{ path: { value } }], filters: [{ type: 'URLRewrite', urlRewrite }], backendRefs: [to('echo-0')] },
    ]);
  const asked = async (path: string): Promise<readonly unknown[]> => {
    const { upstream, response } = await site.get(path, { host: 'shop.example' });
    return [upstream['host'], response?.['x-echo-path']];
  };

  it('changes the host', async () => {
    await rewriting({ hostname: 'other.example' });
    expect(await asked('/a?b')).toEqual(['other.example', '/a?b']);
  });

  it('replaces the whole path, not the query', async () => {
    await rewriting({ path: { type: 'ReplaceFullPath', replaceFullPath: '/one' } }, '/full');
    expect(await asked('/full/rest?b')).toEqual(['shop.example', '/one?b']);
  });

  it('replaces the prefix, and the host with it', async () => {
    const path = { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' };
    await rewriting({ hostname: 'other.example', path }, '/old');
    expect(await asked('/old/rest?b')).toEqual(['other.example', '/new/rest?b']);
    expect(await asked('/old')).toEqual(['other.example', '/new']);
  });
});

describe('RequestRedirect', () => {
  const location = async (requestRedirect: object, path = '/a/b?q'): Promise<string | undefined> => {
    await serve([{ matches: [{ path: { value: '/a' } }], filters: [{ type: 'RequestRedirect', requestRedirect }] }]);
    const { status, response } = await site.get(path, { host: 'shop.example:9999' });
    expect(status).toBe(302);
    return response?.['location'];
  };

  it.each([
    [
      'scheme, with its port in place of that of the host',
      { scheme: 'https' },
      /^https:\/\/shop\.example:443\/a\/b\?q$/u,
    ],
    [
      'scheme and host, whose port goes without saying',
      { scheme: 'https', hostname: 'other.example' },
      /^https:\/\/other\.example\/a\/b\?q$/u,
    ],
    ['scheme and port', { scheme: 'https', port: 8443 }, /^https:\/\/shop\.example:8443\/a\/b\?q$/u],
    ['port', { port: 8083 }, /^http:\/\/shop\.example:8083\/a\/b\?q$/u],
    [
      'port and host, and leaves out the port of the scheme',
      { scheme: 'http', hostname: 'other.example', port: 80 },
      /^http:\/\/other\.example\/a\/b\?q$/u,
    ],
    ['host', { hostname: 'other.example' }, /^http:\/\/other\.example:\d+\/a\/b\?q$/u],
    ['path', { path: { type: 'ReplaceFullPath', replaceFullPath: '/z' } }, /^http:\/\/shop\.example:\d+\/z(\?q)?$/u],
    [
      'prefix',
      { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/z' } },
      /^http:\/\/shop\.example:\d+\/z\/b\?q$/u,
    ],
  ])('changes the %s, and 302 is its status', async (_, redirect, expected) => {
    expect(await location(redirect)).toMatch(expected);
  });
});

describe('CORS', () => {
  const cors = (more: object = {}) => ({
    type: 'CORS',
    cors: { allowOrigins: ['https://www.example.com', 'https://*.shop.example'], ...more },
  });
  const preflight = (origin: string) =>
    site.get(
      '/',
      { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a' },
      'OPTIONS',
    );

  it('answers what browsers ask before, and nobody else', async () => {
    await serve([
      {
        filters: [
          cors({
            allowCredentials: true,
            allowMethods: ['GET', 'PUT'],
            allowHeaders: ['x-a', 'x-b'],
            exposeHeaders: ['x-c'],
            maxAge: 600,
          }),
          answering('cors'),
        ],
        backendRefs: [to('echo-0')],
      },
    ]);
    const { status, response } = await preflight('https://cart.shop.example');
    expect([status, response]).toMatchObject([
      200,
      {
        'access-control-allow-origin': 'https://cart.shop.example',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': expect.stringMatching(/GET, ?PUT/u),
        'access-control-allow-headers': expect.stringMatching(/x-a, ?x-b/u),
        'access-control-max-age': '600',
      },
    ]);
    const asked = await site.get('/', { origin: 'https://www.example.com' });
    expect(asked.response).toMatchObject({
      'access-control-allow-origin': 'https://www.example.com',
      'access-control-expose-headers': 'x-c',
      'x-echo-port': String(site.echoes[0].port),
    });
    for (const answer of [
      await preflight('https://evil.example'),
      await site.get('/', { origin: 'https://evil.example' }),
    ]) {
      expect(answer.response).not.toHaveProperty('access-control-allow-origin');
    }
  });
});

describe('weights', () => {
  it('share requests out', async () => {
    await serve([{ backendRefs: [to('echo-0', { weight: 9 }), to('echo-1', { weight: 1 })] }]);
    const before = site.echoes.map((echo) => echo.count());
    for (let i = 0; i < 300; i++) expect((await site.get('/')).status).toBe(200);
    const [most = 0, few = 0] = site.echoes.map((echo, index) => echo.count() - (before[index] ?? 0));
    expect(most + few).toBe(300);
    expect(few).toBeGreaterThan(5);
    expect(few).toBeLessThan(70);
  });
});

describe('a rule with a name', () => {
  it('is what a policy may be for, and no other rule of its route', async () => {
    const rule = (name: string) => ({ name, matches: [{ path: { value: `/${name}` } }], backendRefs: [to('echo-0')] });
    await serve(
      [rule('one'), rule('two')],
      manifest('BackendTrafficPolicy', 'abort', {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'route', sectionName: 'two' }],
        faultInjection: { abort: { httpStatus: 418, percentage: 100 } },
      }),
    );
    expect((await site.get('/one')).status).toBe(200);
    expect((await site.get('/two')).status).toBe(418);
  });
});

describe('timeouts of a rule', () => {
  it.each(['request', 'backendRequest'])('%s: 504 after it', async (field) => {
    await serve([{ backendRefs: [to('echo-0')], timeouts: { [field]: '1s' } }]);
    expect((await site.get('/', { 'x-echo-delay': '20000' })).status).toBe(504);
    expect((await site.get('/')).status).toBe(200);
  });

  it('of 0s: none', async () => {
    await serve([{ backendRefs: [to('echo-0')], timeouts: { request: '0s' } }]);
    expect((await site.get('/', { 'x-echo-delay': '300' })).status).toBe(200);
  });
});
