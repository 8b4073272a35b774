import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answering, backend, manifest, type RouteSite, startRouteSite, to } from './route-site.ts';

let site: RouteSite;
beforeAll(async () => {
  site = await startRouteSite();
});
afterAll(() => site.stop());

/** A route whose rules answer with their names. */
function route(name: string, rules: Readonly<Record<string, readonly object[]>>, rest: object = {}): object {
  return manifest('HTTPRoute', name, {
    parentRefs: [{ name: 'shop' }],
    rules: Object.entries(rules).map(([rule, matches]) => ({
      filters: [answering(rule)],
      backendRefs: [to('echo')],
      ...(matches.length === 0 ? {} : { matches }),
    })),
    ...rest,
  });
}

const serve = (...routes: readonly object[]): Promise<number> =>
  site.serve(...routes, backend('echo', [site.echo.port]));

/** Which rule serves a request; the status where none does. */
async function served(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<string> {
  const { status, response } = await site.get(path, headers, method);
  return response?.['x-route'] ?? String(status);
}

describe('a match', () => {
  it('is by path: exact, by whole elements, or by an expression for all of it', async () => {
    await serve(
      route('paths', {
        exact: [{ path: { type: 'Exact', value: '/exact' } }],
        prefix: [{ path: { type: 'PathPrefix', value: '/prefix' } }],
        expression: [{ path: { type: 'RegularExpression', value: '/user/[0-9]+' } }],
      }),
    );
    const found = async (...paths: readonly string[]): Promise<readonly string[]> =>
      Promise.all(paths.map((path) => served(path)));
    expect(await found('/exact', '/exact?a=b', '/exact/', '/Exact')).toEqual(['exact', 'exact', '404', '404']);
    expect(await found('/prefix', '/prefix/', '/prefix/a', '/prefixed')).toEqual(['prefix', 'prefix', 'prefix', '404']);
    expect(await found('/user/12', '/user/12?a', '/user/a', '/user/12/more', '/a/user/12')).toEqual([
      'expression',
      'expression',
      '404',
      '404',
      '404',
    ]);
  });

  it('is by path whatever the case of its hexadecimal digits, so that no other spelling leads to a wider route', async () => {
    const rewritten = {
      matches: [{ path: { type: 'PathPrefix', value: '/th%c3%a9' } }],
      filters: [
        answering('rewritten'),
        { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } } },
      ],
      backendRefs: [to('echo')],
    };
    await serve(
      route('paths', {
        exact: [{ path: { type: 'Exact', value: '/a.b%2C%C3%A9' } }],
        prefix: [{ path: { type: 'PathPrefix', value: '/caf%C3%a9/' } }],
        wide: [],
      }),
      manifest('HTTPRoute', 'rewritten', { parentRefs: [{ name: 'shop' }], rules: [rewritten] }),
    );
    const found = async (...paths: readonly string[]): Promise<readonly string[]> =>
      Promise.all(paths.map((path) => served(path)));
    expect(await found('/a.b%2C%C3%A9', '/a.b%2c%c3%a9?a', '/axb%2C%C3%A9', '/A.b%2C%C3%A9')).toEqual([
      'exact',
      'exact',
      'wide',
      'wide',
    ]);
    expect(await found('/caf%C3%A9', '/caf%c3%A9/x?a', '/caf%c3%a9x')).toEqual(['prefix', 'prefix', 'wide']);
    expect((await site.get('/th%C3%a9/x')).response?.['x-echo-path']).toBe('/new/x');
  });

  it('is by method', async () => {
    await serve(route('methods', { post: [{ method: 'POST' }], options: [{ method: 'OPTIONS' }] }));
    expect([await served('/', {}, 'POST'), await served('/', {}, 'OPTIONS'), await served('/')]).toEqual([
      'post',
      'options',
      '404',
    ]);
  });

  it('is by headers, all of them, whatever the case of their names', async () => {
    await serve(
      route('headers', {
        both: [
          {
            headers: [
              { name: 'X-Color', value: 'blue' },
              { name: 'x-size', value: '1' },
            ],
          },
        ],
        expression: [{ headers: [{ type: 'RegularExpression', name: 'x-color', value: 'gr(e|a)y' }] }],
      }),
    );
    expect(await served('/', { 'X-COLOR': 'blue', 'x-size': '1' })).toBe('both');
    expect(await served('/', { 'x-color': 'blue' })).toBe('404');
    expect(await served('/', { 'x-color': 'Blue', 'x-size': '1' })).toBe('404');
    expect(await served('/', { 'x-color': 'gray' })).toBe('expression');
    expect(await served('/', { 'x-color': 'grayish' })).toBe('404');
  });

  it('is by query parameters, all of them', async () => {
    await serve(
      route('queries', {
        both: [
          {
            queryParams: [
              { name: 'animal', value: 'whale' },
              { name: 'age', value: '7' },
            ],
          },
        ],
        expression: [{ queryParams: [{ type: 'RegularExpression', name: 'animal', value: 'dol.*' }] }],
      }),
    );
    expect(await served('/?age=7&animal=whale')).toBe('both');
    expect(await served('/?animal=whale')).toBe('404');
    expect(await served('/?animal=dolphin&age=8')).toBe('expression');
    expect(await served('/?Animal=dolphin')).toBe('404');
  });

  it('is one of several of a rule, each as a whole', async () => {
    await serve(
      route('several', {
        any: [
          { path: { value: '/v2' }, headers: [{ name: 'version', value: 'two' }] },
          { path: { value: '/v3' }, method: 'PUT', queryParams: [{ name: 'a', value: 'b' }] },
        ],
      }),
    );
    expect(await served('/v2', { version: 'two' })).toBe('any');
    expect(await served('/v2')).toBe('404');
    expect(await served('/v3?a=b', {}, 'PUT')).toBe('any');
    expect(await served('/v3?a=b')).toBe('404');
  });

  it('fits HTTP/2 as it fits HTTP/1.1', async () => {
    const port = await serve(route('any', { both: [{ path: { value: '/a' }, method: 'GET' }] }));
    const session = connect(`http://127.0.0.1:${port}`);
    const asked = async (path: string): Promise<readonly unknown[]> =>
      new Promise((resolve, reject) => {
        session.on('error', reject);
        session
          .request({ ':path': path, ':authority': 'any.test' })
          .on('response', (headers) => resolve([headers[':status'], headers['x-route']]))
          .on('error', reject)
          .resume();
      });
    expect(await asked('/a')).toEqual([200, 'both']);
    expect(await asked('/b')).toEqual([404, undefined]);
    session.close();
  });
});

describe('of two matches that both fit', () => {
  const prefix = { path: { value: '/a' } };
  const one = { name: 'x-one', value: '1' };
  const two = { name: 'x-two', value: '2' };
  const query = { name: 'q', value: '1' };

  it.each([
    [
      'that of an exact path goes before that of a prefix',
      { path: { type: 'Exact', value: '/a/b' } },
      { path: { value: '/a/b' }, method: 'GET', headers: [one] },
    ],
    [
      'that of a longer prefix goes before any of a shorter one',
      { path: { value: '/a/b' } },
      { path: { value: '/a' }, method: 'GET', headers: [one, two] },
    ],
    ['that of a method goes before that of headers', { ...prefix, method: 'GET' }, { ...prefix, headers: [one, two] }],
    [
      'that of more headers goes before that of query parameters',
      { ...prefix, headers: [one, two] },
      { ...prefix, headers: [one], queryParams: [query] },
    ],
    ['that of more query parameters goes first', { ...prefix, queryParams: [query] }, prefix],
  ])('%s, in one route or in two, whichever comes first', async (_, better, worse) => {
    const rules = { worse: [worse], better: [better] };
    const ask = (): Promise<string> => served('/a/b?q=1', { 'x-one': '1', 'x-two': '2' });
    await serve(route('both', rules));
    expect(await ask()).toBe('better');
    await serve(route('a', { worse: rules.worse }), route('b', { better: rules.better }));
    expect(await ask()).toBe('better');
  });

  it('that are equal the first of its route has it', async () => {
    await serve(route('one', { first: [prefix], second: [prefix] }));
    expect(await served('/a')).toBe('first');
  });

  it('that are equal and of two routes that of the older one has it, then that of the first by name', async () => {
    const aged = (name: string, creationTimestamp?: string): object => {
      const made = route(name, { [name]: [prefix] });
      return { ...made, metadata: { name, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) } };
    };
    await serve(aged('b'), aged('a'));
    expect(await served('/a')).toBe('a');
    await serve(aged('a', '2026-02-01T00:00:00Z'), aged('b', '2026-01-01T00:00:00Z'));
    expect(await served('/a')).toBe('b');
  });

  it('that of the more specific host name goes first, whatever its path', async () => {
    await serve(
      route('wide', { wide: [{ path: { type: 'Exact', value: '/a/b' } }] }, { hostnames: ['*.example.com'] }),
      route('narrow', { narrow: [{ path: { value: '/a' } }] }, { hostnames: ['shop.example.com'] }),
    );
    expect(await served('/a/b', { host: 'shop.example.com' })).toBe('narrow');
    expect(await served('/a/b', { host: 'cart.example.com' })).toBe('wide');
    expect(await served('/b', { host: 'shop.example.com' })).toBe('404');
  });
});
