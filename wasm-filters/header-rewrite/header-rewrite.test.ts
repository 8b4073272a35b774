import { create, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { schema } from '#proto/load.ts';
import { withNeeds } from '#proto/needs.ts';
import { compileFilter } from '../build.ts';
import { type FilterHost, type Headers, loadFilter } from '../testing/filter-host.ts';

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compileFilter('header-rewrite');
});

const text = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

async function hostOf(config: unknown): Promise<FilterHost> {
  const host = await loadFilter(wasm);
  if (!host.configure(text(config))) throw new Error('the configuration is refused');
  return host;
}

interface Asked {
  readonly path?: string;
  readonly client?: string;
  readonly response?: Headers;
}

/** The headers that begin with "x-" of a request, and of its response, after the filter. */
function run(host: FilterHost, headers: Headers, { path = '/', client = '10.1.2.3:80', response = [] }: Asked = {}) {
  const result = host.request({
    headers: [[':path', path], ...headers],
    response,
    properties: (name) => (name.join('.') === 'source.address' ? client : undefined),
  });
  if (result.kind !== 'continue') throw new Error(result.kind);
  const own = (all: Headers) =>
    all.filter(([name]) => name.startsWith('x')).map(([name, value]) => `${name}: ${value}`);
  return { request: own(result.headers), response: own(result.responseHeaders ?? []) };
}

describe('request headers', () => {
  const changes = {
    request: {
      set: [{ name: 'X-Set', value: 'new' }],
      add: [{ name: 'x-add', value: 'more' }],
      remove: ['X-Gone'],
    },
  };

  it('are set, added and removed', async () => {
    const host = await hostOf(changes);
    const sent: Headers = [
      ['x-set', 'a'],
      ['x-set', 'b'],
      ['x-add', 'one'],
      ['x-gone', 'c'],
      ['x-gone', 'd'],
      ['x-kept', 'e'],
    ];
    expect(run(host, sent).request).toEqual(['x-add: one', 'x-kept: e', 'x-set: new', 'x-add: more']);
  });

  it('that are set or removed cannot be brought along with underscores', async () => {
    const host = await hostOf(changes);
    expect(
      run(host, [
        ['x_set', 'a'],
        ['x_gone', 'b'],
        ['x_add', 'c'],
      ]).request,
    ).toEqual(['x_add: c', 'x-set: new', 'x-add: more']);
  });

  it('stay as they are without a configuration', async () => {
    const host = await loadFilter(wasm);
    expect(host.configure(new Uint8Array())).toBe(true);
    expect(run(host, [['x-a', '1']]).request).toEqual(['x-a: 1']);
  });
});

describe('a value', () => {
  const from = (...sources: readonly object[]) => ({ request: { set: [{ name: 'x-to', from: sources }] } });
  const value = async (config: unknown, headers: Headers, asked?: Asked): Promise<string | undefined> =>
    run(await hostOf(config), [...headers, ['x-to', 'forged']], asked)
      .request.find((one) => one.startsWith('x-to'))
      ?.slice(6);

  it.each([
    [
      'another header',
      { header: 'X-From' },
      [
        ['x-from', 'a'],
        ['x-from', 'b'],
      ],
      {},
      'a',
    ],
    ['the authority', { header: ':path' }, [], { path: '/a?b' }, '/a?b'],
    ['a query parameter', { queryParameter: 't' }, [], { path: '/?a=1&t=x%2Fy%zz%4&t=2' }, 'x/y%zz%4'],
    ['an empty query parameter', { queryParameter: 't' }, [], { path: '/?t=' }, ''],
    ['a cookie', { cookie: 's' }, [['cookie', 'a=b; s=1; s=2']], {}, '1'],
    ["the client's address", { clientAddress: true }, [], {}, '10.1.2.3'],
    ["the client's IPv6 address", { clientAddress: true }, [], { client: '[fd00::1]:80' }, 'fd00::1'],
  ] satisfies [string, object, Headers, Asked, string][])(
    'is that of %s',
    async (_, source, headers, asked, expected) => {
      expect(await value(from(source), headers, asked)).toBe(expected);
    },
  );

  it.each([
    ['a header', { header: 'x-none' }, {}],
    ['a query parameter', { queryParameter: 't' }, { path: '/?tt=1&at=2' }],
    ['a query parameter in what is no query', { queryParameter: 't' }, { path: '/t=1' }],
    ['a query parameter that would break out', { queryParameter: 't' }, { path: '/?t=a%0d%0ax-admin:1' }],
    ['a cookie', { cookie: 's' }, {}],
    ['an address', { clientAddress: true }, { client: 'pipe' }],
  ] satisfies [string, object, Asked][])('that is not there removes the header: %s', async (_, source, asked) => {
    expect(await value(from(source), [], asked)).toBeUndefined();
  });

  it('is the first that is there, with a prefix, else the one for none', async () => {
    const set = [{ name: 'x-to', from: [{ header: 'x-a' }, { cookie: 'b' }], prefix: 'P ', value: 'none' }];
    expect(await value({ request: { set } }, [['cookie', 'b=2']])).toBe('P 2');
    expect(
      await value({ request: { set } }, [
        ['x-a', '1'],
        ['cookie', 'b=2'],
      ]),
    ).toBe('P 1');
    expect(await value({ request: { set } }, [])).toBe('none');
  });

  it('is that of the request as it came', async () => {
    const set = [
      { name: 'x-a', from: [{ header: 'x-b' }] },
      { name: 'x-b', from: [{ header: 'x-a' }] },
    ];
    const { request } = run(await hostOf({ request: { set } }), [
      ['x-a', '1'],
      ['x-b', '2'],
    ]);
    expect(request).toEqual(['x-a: 2', 'x-b: 1']);
  });

  it('that is not there adds nothing', async () => {
    const host = await hostOf({ request: { add: [{ name: 'x-to', from: [{ header: 'x-a' }] }] } });
    expect(run(host, [['x-to', 'kept']]).request).toEqual(['x-to: kept']);
  });
});

describe('response headers', () => {
  it('are set, added and removed, with values of the request', async () => {
    const host = await hostOf({
      response: {
        set: [
          { name: 'x-path', from: [{ header: ':path' }] },
          { name: 'x-none', from: [{ header: 'x-none' }] },
        ],
        add: [
          { name: 'x-add', value: 'more' },
          { name: 'x-not', from: [{ cookie: 'none' }] },
        ],
        remove: ['x-gone'],
      },
    });
    const response: Headers = [
      ['x-none', '1'],
      ['x-add', 'one'],
      ['x-gone', '2'],
      ['x-path', 'a'],
    ];
    expect(run(host, [], { path: '/here', response }).response).toEqual(['x-add: one', 'x-path: /here', 'x-add: more']);
  });

  it('leave no memory behind, whether a response comes or not', async () => {
    const host = await hostOf({ response: { set: [{ name: 'x-path', from: [{ header: ':path' }] }] } });
    const round = (): void => {
      host.request({ headers: [[':path', '/a']] });
      run(host, [], { path: '/b', response: [['x-path', 'a']] });
    };
    for (let i = 0; i < 100; i++) round();
    const before = host.memoryBytes();
    for (let i = 0; i < 10_000; i++) round();
    expect(host.memoryBytes()).toBe(before);
  });
});

describe('a configuration', () => {
  it('may be a message, too', async () => {
    const type = schema('sluice.filter.v1.HeaderRewriteFilter');
    const message = create(type, { rewrite: { request: { set: [{ name: 'x-set', value: 'new' }] } } });
    const host = await loadFilter(wasm);
    expect(host.configure(toBinary(type, withNeeds(type, message)))).toBe(true);
    expect(run(host, []).request).toEqual(['x-set: new']);
  });

  it('of a later revision is refused', async () => {
    expect((await loadFilter(wasm)).configure(Uint8Array.of(8, 99))).toBe(false);
  });

  it('that replaces another is in force, and one that is refused changes nothing', async () => {
    const host = await hostOf({ request: { set: [{ name: 'x-a', value: '1' }] } });
    expect(host.configure(text({ request: { set: [{ name: 'x-b', value: '2' }] } }))).toBe(true);
    expect(host.configure(text({ requests: {} }))).toBe(false);
    expect(run(host, []).request).toEqual(['x-b: 2']);
  });

  it.each([
    ['is no object', []],
    ['has an unknown member', { request: { sets: [] } }],
    ['has text in place of a list', { request: { set: 'x' } }],
    ['has a number in place of text', { request: { set: [{ name: 'x-a', value: 1 }] } }],
    ['has a source that is none', { request: { set: [{ name: 'x-a', from: [{}] }] } }],
    ['takes from a token', { request: { set: [{ name: 'x-a', from: [{ claim: { path: ['sub'] } }] }] } }],
    ['takes from a session', { response: { set: [{ name: 'x-a', from: [{ session: { path: ['sub'] } }] }] } }],
    ['sets a header twice', { request: { set: [{ name: 'x-a' }, { name: 'X-A' }] } }],
    ['sets and removes a header', { request: { set: [{ name: 'x-a' }], remove: ['X-a'] } }],
    ['adds and removes a header', { response: { add: [{ name: 'x-a' }], remove: ['X-a'] } }],
    ['has no name', { request: { set: [{ value: '1' }] } }],
    ['has a name with a space', { request: { remove: ['x a'] } }],
    ['writes a pseudo-header', { request: { set: [{ name: ':path', value: '/' }] } }],
    ['writes the host', { request: { set: [{ name: 'Host', value: 'a' }] } }],
    ['writes what frames messages', { response: { add: [{ name: 'transfer-encoding', value: 'chunked' }] } }],
    ['has a value that would break out', { response: { set: [{ name: 'x-a', value: 'a\r\nb: c' }] } }],
  ])('that %s is refused', async (_, config) => {
    expect((await loadFilter(wasm)).configure(text(config))).toBe(false);
  });

  it('with a member twice is refused', async () => {
    const twice = new TextEncoder().encode('{"request":{"remove":["x-a"],"remove":["x-b"]}}');
    expect((await loadFilter(wasm)).configure(twice)).toBe(false);
  });

  it('never traps, whatever it is', async () => {
    const host = await loadFilter(wasm);
    const json = fc.json({ maxDepth: 4 }).map((one) => new TextEncoder().encode(one));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), json), (bytes) => {
        host.configure(bytes);
        expect(host.request({ headers: [[':path', '/']] }).kind).not.toBe('trap');
      }),
      { numRuns: 500 },
    );
  });
});
