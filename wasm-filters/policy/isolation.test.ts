import { beforeAll, describe, expect, it } from 'vitest';
import { compilePolicy } from '../build.ts';
import { type FilterHost, type Headers, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, issuer } from '../testing/issuer.ts';
import { encodePolicy, identified, onRoute, type PolicyInit } from '../testing/policy-bytes.ts';

const NOW = 1_800_000_000;
const HEADERS: Headers = [
  [':method', 'GET'],
  [':path', '/'],
];
const rs = issuer('RS256');
const TOKEN = rs.token({ sub: 'alice', exp: NOW + 600 });

let wasm: Uint8Array;
let host: FilterHost;
beforeAll(async () => {
  wasm = await compilePolicy();
  host = await freshHost();
});

async function freshHost(): Promise<FilterHost> {
  const fresh = await loadFilter(wasm, { now: () => NOW * 1000 });
  fresh.configure(new Uint8Array());
  return fresh;
}

type Sources = NonNullable<NonNullable<NonNullable<PolicyInit['jwt']>['providers']>[number]['sources']>;

function tokenFrom(...sources: Sources) {
  const keys = [{ kid: rs.kid, algorithm: ALGORITHM.RS256, spki: rs.spki }];
  return encodePolicy({ jwt: { providers: [{ name: 'main', keys, sources }] } });
}

const COOKIE = { source: { case: 'cookie', value: 'session' } } as const;
const QUERY = { source: { case: 'queryParameter', value: 'session' } } as const;
const HEADER = { source: { case: 'header', value: { name: 'authorization', prefix: 'Bearer ' } } } as const;

describe('the token of one request', () => {
  // Long headers before it keep the token where a shorter request after it does not write over it.
  const padding = ['x-padding', 'x'.repeat(3000)] as const;

  it.each([
    ['a cookie', COOKIE, [...HEADERS, padding, ['cookie', `session=${TOKEN}`]]],
    ['a query parameter', QUERY, [padding, [':path', `/?session=${TOKEN}`]]],
    ['a header', HEADER, [...HEADERS, padding, ['authorization', `Bearer ${TOKEN}`]]],
  ] satisfies [string, Sources[number], Headers][])('is never that of the next: %s', (_, source, headers) => {
    const properties = onRoute(tokenFrom(source));
    expect(host.request({ headers, properties })).toMatchObject({ kind: 'continue' });
    expect(host.request({ headers: HEADERS, properties })).toMatchObject({ status: 401 });
    expect(host.request({ headers: [], properties })).toMatchObject({ status: 401 });
  });

  it('is not looked for in a header that is not its source', () => {
    const properties = onRoute(tokenFrom(HEADER, COOKIE, QUERY));
    const headers: Headers = [...HEADERS, ['authorization', `Basic x; session=${TOKEN}`]];
    expect(host.request({ headers, properties })).toMatchObject({
      status: 401,
      headers: [['www-authenticate', 'Bearer']],
    });
  });
});

describe('a token that one provider accepted', () => {
  const token = rs.token({ iss: 'one', aud: 'shop', exp: NOW + 600 });
  const headers: Headers = [...HEADERS, ['authorization', `Bearer ${token}`]];
  const key = { kid: rs.kid, algorithm: ALGORITHM.RS256, spki: rs.spki };
  const main = { name: 'main', issuer: 'one', audiences: ['shop'], keys: [key], sources: [HEADER] };
  const asking = (provider: typeof main) =>
    host.request({ headers, properties: onRoute(encodePolicy({ jwt: { providers: [provider] } })) });

  it.each([
    ['issuer', { ...main, issuer: 'other' }],
    ['audience', { ...main, audiences: ['other'] }],
    ['key', { ...main, keys: [{ ...key, spki: issuer('ES256').spki }] }],
    ['kid', { ...main, keys: [{ ...key, kid: 'other' }] }],
    ['algorithm', { ...main, keys: [{ ...key, algorithm: ALGORITHM.RS512 }] }],
  ] satisfies [string, typeof main][])('is not good for one with another %s', (_, other) => {
    expect(asking(main)).toMatchObject({ kind: 'continue' });
    expect(asking(other)).toMatchObject({ status: 401 });
    expect(asking(main)).toMatchObject({ kind: 'continue' });
  });

  it('is good no longer than it says, remembered or not', async () => {
    let now = NOW;
    const own = await loadFilter(wasm, { now: () => now * 1000 });
    own.configure(new Uint8Array());
    const properties = onRoute(encodePolicy({ jwt: { providers: [main] } }));
    expect(own.request({ headers, properties })).toMatchObject({ kind: 'continue' });
    now += 659;
    expect(own.request({ headers, properties })).toMatchObject({ kind: 'continue' });
    now += 1;
    expect(own.request({ headers, properties })).toMatchObject({ status: 401 });
  });
});

describe('a route that turns the filter on and has no policy', () => {
  it('is 503, whether it has a name or not', () => {
    expect(host.request({ headers: HEADERS, properties: onRoute(undefined, 'named') })).toMatchObject({ status: 503 });
    expect(host.request({ headers: HEADERS, properties: onRoute(undefined, '') })).toMatchObject({ status: 503 });
  });

  it('is 503 with an empty id', () => {
    const properties = onRoute({ id: '', bytes: new Uint8Array() });
    expect(host.request({ headers: HEADERS, properties })).toMatchObject({ status: 503 });
  });
});

describe('policies that are not kept', () => {
  it('cost no memory: requests to one that is refused', async () => {
    const own = await freshHost();
    const { bytes } = tokenFrom(HEADER, COOKIE, QUERY);
    // Field 1, `needs`, is the first: one that this filter is too old for.
    const refused = onRoute(identified(bytes.map((byte, index) => (index === 1 ? 99 : byte))));
    const rounds = (count: number): void => {
      for (let i = 0; i < count; i++) {
        expect(own.request({ headers: HEADERS, properties: refused })).toMatchObject({ status: 503 });
      }
    };
    rounds(3_000);
    const settled = own.memoryBytes();
    rounds(6_000);
    expect(own.memoryBytes()).toBe(settled);
  });

  it('cost no memory: more policies in turn than there is room for', async () => {
    const own = await freshHost();
    const policies = Array.from({ length: 5_000 }, (_, i) =>
      onRoute(encodePolicy({ source: `policy-${i}`, jwt: { optional: true } })),
    );
    const round = (): void => {
      for (const properties of policies) expect(own.request({ headers: HEADERS, properties }).kind).toBe('continue');
    };
    round();
    const settled = own.memoryBytes();
    round();
    expect(own.memoryBytes()).toBe(settled);
  });
});
