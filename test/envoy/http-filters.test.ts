import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../listening.ts';
import { until } from '../process/sluice.ts';
import { startEcho } from '../scenario/echo.ts';
import { type EchoSite, startEchoSite } from './echo-site.ts';
import { backend, manifest, to } from './route-site.ts';

let site: EchoSite;
let all: object;
beforeAll(async () => {
  site = await startEchoSite();
  all = backend(
    'all',
    site.echoes.map(({ port }) => port),
  );
});
afterAll(() => site.stop());

/** Serves one route with these rules. */
const serve = (rules: readonly object[], ...others: readonly object[]) => site.serveRules(rules, all, ...others);

function filterRef(name: string): object {
  const extensionRef = { group: 'gateway.envoyproxy.io', kind: 'HTTPRouteFilter', name };
  return { type: 'ExtensionRef', extensionRef };
}

describe('RequestMirror', () => {
  const mirror = (name: string, rest: object = {}) => ({
    type: 'RequestMirror',
    requestMirror: { backendRef: to(name), ...rest },
  });

  it('copies requests to every mirror, as changed as the request itself, and answers with that of the back-end', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      seen.push({ ...request.headers, path: request.url });
      response.writeHead(500).end();
    });
    const watcher = await listen(server);
    const changes = {
      type: 'RequestHeaderModifier',
      requestHeaderModifier: { set: [{ name: 'x-set', value: 'by-rule' }] },
    };
    await serve(
      [{ backendRefs: [to('echo-0')], filters: [mirror('watcher'), changes, mirror('echo-1')] }],
      backend('watcher', [watcher.port]),
    );
    const before = site.echoes[1].count();
    const answer = await site.get('/some/path', { host: 'shop.example' });
    expect(answer).toMatchObject({ status: 200, response: { 'x-echo-port': String(site.echoes[0].port) } });
    await until('both mirrors have it', () => seen.length === 1 && site.echoes[1].count() === before + 1);
    expect(seen[0]).toMatchObject({ host: 'shop.example', path: '/some/path', 'x-set': 'by-rule' });
    await watcher.stop();
  });

  it.each([
    ['percent', { percent: 0 }, 0, 0],
    ['fraction', { fraction: { numerator: 1, denominator: 2 } }, 60, 140],
    ['fraction of a hundred', { fraction: { numerator: 100 } }, 200, 200],
  ])('copies the share that %s says', async (_, share, least, most) => {
    // One of its own: a copy of an earlier request may come late.
    const copies = await startEcho();
    await serve(
      [{ backendRefs: [to('echo-0')], filters: [mirror('copies', share)] }],
      backend('copies', [copies.port]),
    );
    for (let i = 0; i < 200; i++) await site.get('/');
    await until('the copies are there', () => copies.count() >= least);
    expect(copies.count()).toBeLessThanOrEqual(most);
    await copies.stop();
  });

  it('of a back-end that does not exist is left out', async () => {
    await serve([{ backendRefs: [to('echo-0')], filters: [mirror('nowhere'), mirror('echo-2')] }]);
    const before = site.echoes[2].count();
    expect((await site.get('/')).status).toBe(200);
    await until('the other mirror has it', () => site.echoes[2].count() === before + 1);
  });

  it('of the only back-end of a rule is one of the rule', async () => {
    await serve([{ backendRefs: [to('echo-0', { filters: [mirror('echo-1')] })] }]);
    const before = site.echoes[1].count();
    expect((await site.get('/')).status).toBe(200);
    await until('the mirror has it', () => site.echoes[1].count() === before + 1);
  });

  it('beside a redirect answers 500', async () => {
    const redirect = { type: 'RequestRedirect', requestRedirect: { hostname: 'other.example' } };
    await serve([{ filters: [mirror('echo-1'), redirect] }]);
    expect((await site.get('/')).status).toBe(500);
  });
});

describe('filters of one back-end', () => {
  it('change its requests and answers alone', async () => {
    const own = (index: number) => [
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-to', value: `echo-${index}` }] } },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'x-from', value: `echo-${index}` }] } },
      { type: 'URLRewrite', urlRewrite: { hostname: `echo-${index}.example` } },
    ];
    await serve([{ backendRefs: [0, 1].map((index) => to(`echo-${index}`, { filters: own(index) })) }]);
    const reached = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const { response, upstream } = await site.get('/');
      const index = site.echoes.findIndex(({ port }) => String(port) === response?.['x-echo-port']);
      reached.add(String(index));
      expect(response?.['x-from']).toBe(`echo-${index}`);
      expect(upstream).toMatchObject({ 'x-to': `echo-${index}`, host: `echo-${index}.example` });
    }
    expect([...reached].sort()).toEqual(['0', '1']);
  });

  it('that Envoy cannot do for one of several answer 500 for its share', async () => {
    const path = { type: 'ReplaceFullPath', replaceFullPath: '/x' };
    const impossible = to('echo-1', { filters: [{ type: 'URLRewrite', urlRewrite: { path } }] });
    await serve([{ backendRefs: [to('echo-0'), impossible] }]);
    const statuses = new Set<number>();
    for (let i = 0; i < 60; i++) statuses.add((await site.get('/')).status);
    expect(statuses).toEqual(new Set([200, 500]));
  });
});

describe('sessionPersistence', () => {
  const values = Array.from({ length: 20 });

  it('by a cookie sends all requests of a session to one endpoint', async () => {
    const matches = [{ path: { value: '/shop' } }];
    await serve([{ matches, backendRefs: [to('all')], sessionPersistence: { sessionName: 'basket' } }]);
    const first = await site.get('/shop/x');
    const cookie = /^basket="?[^;]+/u.exec(first.response?.['set-cookie'] ?? '')?.[0];
    expect(first.response?.['set-cookie']).toMatch(/; path=\/shop;.*HttpOnly$/iu);
    expect(first.response?.['set-cookie']).not.toMatch(/max-age/iu);
    const ports = await Promise.all(values.map(() => site.get('/shop/y', { cookie: cookie ?? '' })));
    expect(new Set(ports.map(({ response }) => response?.['x-echo-port']))).toEqual(
      new Set([first.response?.['x-echo-port']]),
    );
    const others = await Promise.all(values.map(() => site.get('/shop/y')));
    expect(new Set(others.map(({ response }) => response?.['x-echo-port'])).size).toBeGreaterThan(1);
  });

  it('by a permanent cookie lasts as long as its timeout says', async () => {
    const sessionPersistence = { absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } };
    await serve([{ backendRefs: [to('all')], sessionPersistence }]);
    expect((await site.get('/')).response?.['set-cookie']).toMatch(/^httproute-default-route-rule-0=.*max-age=3600;/iu);
  });

  it('by a header tells the endpoint in answers', async () => {
    await serve([{ backendRefs: [to('all')], sessionPersistence: { type: 'Header', sessionName: 'X-Session' } }]);
    const first = await site.get('/');
    const headers = { 'x-session': first.response?.['x-session'] ?? '' };
    const ports = await Promise.all(values.map(() => site.get('/', headers)));
    expect(new Set(ports.map(({ response }) => response?.['x-echo-port']))).toEqual(
      new Set([first.response?.['x-echo-port']]),
    );
  });

  it('chooses anew when the endpoint is gone', async () => {
    const rule = { backendRefs: [to('echo-0')], sessionPersistence: { type: 'Header', sessionName: 'x-session' } };
    await serve([rule]);
    const headers = { 'x-session': (await site.get('/')).response?.['x-session'] ?? '' };
    await serve([{ ...rule, backendRefs: [to('echo-1')] }]);
    expect(await site.get('/', headers)).toMatchObject({
      status: 200,
      response: { 'x-echo-port': String(site.echoes[1].port) },
    });
  });
});

describe('an HTTPRouteFilter', () => {
  const filter = (spec: object, name = 'filter') => manifest('HTTPRouteFilter', name, spec);
  const path = (value: string, name = 'filter') => ({
    matches: [{ path: { value } }],
    filters: [filterRef(name)],
    backendRefs: [to('echo-0')],
  });

  it('replaces what a regular expression finds in the path', async () => {
    const replaceRegexMatch = { pattern: '^/service/([^/]+)(/.*)$', substitution: '\\2/instance/\\1' };
    await serve([path('/service')], filter({ urlRewrite: { path: { type: 'ReplaceRegexMatch', replaceRegexMatch } } }));
    expect((await site.get('/service/foo/v1/api?a=b')).response?.['x-echo-path']).toBe('/v1/api/instance/foo?a=b');
  });

  it('takes the host from a header, or from the path, and tells the one that was asked for', async () => {
    const pathRegex = { pattern: '^/to/([a-z]+)/.*$', substitution: '\\1.example' };
    await serve(
      [path('/header', 'header'), path('/to', 'path')],
      filter({ urlRewrite: { hostname: { type: 'Header', header: 'X-Host' }, appendXForwardedHost: true } }, 'header'),
      filter({ urlRewrite: { hostname: { type: 'PathRegex', pathRegex } } }, 'path'),
    );
    const headers = { host: 'asked.example', 'x-host': 'other.example' };
    expect((await site.get('/header', headers)).upstream).toMatchObject({
      host: 'other.example',
      'x-forwarded-host': 'asked.example',
    });
    expect((await site.get('/to/us/x', headers)).upstream['host']).toBe('us.example');
  });

  it('takes the host from the back-end', async () => {
    const endpoints = [{ fqdn: { hostname: 'localhost', port: site.echoes[0].port } }];
    await serve(
      [{ filters: [filterRef('filter')], backendRefs: [to('named')] }],
      manifest('Backend', 'named', { endpoints }),
      filter({ urlRewrite: { hostname: { type: 'Backend' } } }),
    );
    expect((await site.get('/', { host: 'asked.example' })).upstream['host']).toBe('localhost');
  });

  it('answers by itself, with a body from anywhere', async () => {
    const long = 'x'.repeat(100_000);
    const header = { add: [{ name: 'X-Added', value: '100%' }] };
    const inline = {
      contentType: 'text/html',
      statusCode: 418,
      header,
      body: { type: 'Inline', inline: 'short & stout' },
    };
    const valueRef = { group: '', kind: 'ConfigMap', name: 'page' };
    await serve(
      [path('/inline', 'inline'), path('/map', 'map'), path('/empty', 'empty')],
      filter({ directResponse: inline }, 'inline'),
      filter({ directResponse: { body: { type: 'ValueRef', valueRef } } }, 'map'),
      filter({ directResponse: {} }, 'empty'),
      manifest('ConfigMap', 'page', { data: { other: 'no', 'response.body': long } }),
    );
    expect(await site.get('/inline')).toMatchObject({
      status: 418,
      body: 'short & stout',
      response: { 'content-type': 'text/html', 'x-added': '100%' },
    });
    expect(await site.get('/map')).toMatchObject({ status: 200, body: long });
    expect(await site.get('/empty')).toMatchObject({ status: 200, body: '' });
  });

  it('puts a credential into requests, and not into what the admin interface shows', async () => {
    const valueRef = { group: '', kind: 'Secret', name: 'key' };
    const injected = filter({ credentialInjection: { overwrite: true, credential: { valueRef } } }, 'injected');
    const kept = filter({ credentialInjection: { header: 'X-Key', credential: { valueRef } } }, 'kept');
    await serve(
      [
        path('/injected', 'injected'),
        path('/kept', 'kept'),
        { matches: [{ path: { value: '/back-end' } }], backendRefs: [to('echo-0', { filters: [filterRef('kept')] })] },
        { matches: [{ path: { value: '/plain' } }], backendRefs: [to('echo-0')] },
      ],
      injected,
      kept,
      manifest('Secret', 'key', { stringData: { credential: 'Bearer top-secret-value' } }),
    );
    const own = { authorization: 'own', 'x-key': 'own' };
    expect((await site.get('/injected', own)).upstream['authorization']).toBe('Bearer top-secret-value');
    expect((await site.get('/kept', own)).upstream['x-key']).toBe('own');
    expect((await site.get('/kept')).upstream['x-key']).toBe('Bearer top-secret-value');
    expect((await site.get('/back-end')).upstream['x-key']).toBe('Bearer top-secret-value');
    expect((await site.get('/plain')).upstream['x-key']).toBeUndefined();
    const dump = await site.envoy.admin('/config_dump');
    expect(dump).toContain('sluice.credential/default/key');
    expect(dump).not.toContain('top-secret-value');
    expect(dump).not.toContain(Buffer.from('Bearer top-secret-value').toString('base64'));
  });

  it('asks for cookies beside what the rule asks for', async () => {
    const cookies = [{ name: 'tier', value: 'gold' }];
    const other = [{ name: 'user', type: 'RegularExpression', value: 'a.*' }];
    await serve(
      [path('/', 'cookies'), { backendRefs: [to('echo-1')] }],
      filter({ matches: [{ cookies }, { cookies: other }] }, 'cookies'),
    );
    const asked = async (cookie: string) => (await site.get('/', { cookie })).response?.['x-echo-port'];
    expect(await asked('a=b; tier=gold')).toBe(String(site.echoes[0].port));
    expect(await asked('user=alice')).toBe(String(site.echoes[0].port));
    expect(await asked('user=bob; tier=silver')).toBe(String(site.echoes[1].port));
  });

  it.each([
    ['does not exist', []],
    [
      'has a bad pattern',
      [filter({ urlRewrite: { hostname: { type: 'PathRegex', pathRegex: { pattern: '(', substitution: 'x' } } } })],
    ],
    [
      'names a group that its pattern has not',
      [filter({ urlRewrite: { hostname: { type: 'PathRegex', pathRegex: { pattern: '(a)', substitution: '\\2' } } } })],
    ],
    [
      'names a ConfigMap that does not exist',
      [
        filter({
          directResponse: { body: { type: 'ValueRef', valueRef: { group: '', kind: 'ConfigMap', name: 'none' } } },
        }),
      ],
    ],
    [
      'names a Secret that does not exist',
      [filter({ credentialInjection: { credential: { valueRef: { name: 'none' } } } })],
    ],
  ])('that %s answers 500 for its rule, and for no other', async (_, filters) => {
    await serve(
      [path('/broken'), { matches: [{ path: { value: '/whole' } }], backendRefs: [to('echo-0')] }],
      ...filters,
    );
    expect((await site.get('/broken')).status).toBe(500);
    expect((await site.get('/whole')).status).toBe(200);
  });
});
