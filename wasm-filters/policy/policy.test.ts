import { generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { enumMembers } from '#proto/load.ts';
import { compilePolicy } from '../build.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, issuer } from '../testing/issuer.ts';
import { encodePolicy, identified, onRoute, type PolicyInit } from '../testing/policy-bytes.ts';

/** Seconds; the time of every request here. */
const NOW = 1_800_000_000;
const { ALLOW } = enumMembers('sluice.filter.v1.AuthorizationAction');
const BEARER = [{ source: { case: 'header', value: { name: 'authorization', prefix: 'Bearer ' } } }] as const;

let wasm: Uint8Array;
let host: FilterHost;
beforeAll(async () => {
  wasm = await compilePolicy();
  host = await loadFilter(wasm, { now: () => NOW * 1000 });
  expect(host.configure(new Uint8Array())).toBe(true);
});

const rs = issuer('RS256');
const CLAIMS = { iss: 'https://issuer', aud: 'shop', sub: 'alice', exp: NOW + 600 };

type Plain<T> = Extract<T, { readonly $typeName?: never }>;
type Provider = Plain<NonNullable<NonNullable<Plain<PolicyInit>['jwt']>['providers']>[number]>;

function provider(more: Partial<Provider> = {}): Provider {
  return {
    name: 'main',
    issuer: 'https://issuer',
    audiences: ['shop'],
    keys: [{ kid: rs.kid, algorithm: ALGORITHM.RS256, spki: rs.spki }],
    sources: [...BEARER],
    ...more,
  };
}

/** Asks with these headers on a route with this policy: the status of an answer, or the headers that went on. */
function ask(policy: PolicyInit, headers: Readonly<Record<string, string>> = {}, path = '/') {
  const all = Object.entries({ ':method': 'GET', ':path': path, ':authority': 'shop.example', ...headers });
  const result = host.request({ headers: all, properties: onRoute(encodePolicy(policy)) });
  if (result.kind === 'continue') return { went: new Map(result.headers) };
  if (result.kind === 'response') return { status: result.status, headers: Object.fromEntries(result.headers) };
  throw new Error(result.kind);
}

/** The headers that went on to the back-end. */
function wentOn(...question: Parameters<typeof ask>): ReadonlyMap<string, string> {
  const { went } = ask(...question);
  if (went === undefined) throw new Error('the request was answered');
  return went;
}

function withToken(token: string, more: Partial<Provider> = {}) {
  return ask({ jwt: { providers: [provider(more)] } }, { authorization: `Bearer ${token}` });
}

const PASSES = { went: expect.anything() };
const UNAUTHORIZED = { status: 401, headers: expect.anything() };

describe('the policy of a route', () => {
  it('that says nothing lets every request pass', () => {
    expect(ask({})).toEqual(PASSES);
  });

  it('that is not there is 503', () => {
    const result = host.request({ headers: [[':path', '/']], properties: onRoute(undefined) });
    expect(result).toMatchObject({ kind: 'response', status: 503 });
  });

  it('is not asked for where there is no route: Envoy answers 404', () => {
    expect(host.request({ headers: [[':path', '/']] })).toMatchObject({ kind: 'continue' });
  });

  it('whose id is not that of its bytes is 503', () => {
    const { bytes } = encodePolicy({ source: 'a' });
    const { id } = encodePolicy({ source: 'b' });
    const result = host.request({ headers: [], properties: onRoute({ id, bytes }) });
    expect(result).toMatchObject({ kind: 'response', status: 503 });
  });

  it.each([
    ['truncated', Buffer.from([0x1a, 5, 1])],
    ['of a wire type that does not exist', Buffer.from([0x1f])],
    ['longer than memory says', Buffer.from([0x1a, 0xf0, 0xff, 0xff, 0xff, 0x0f])],
  ])('whose bytes are %s is 503', (_, bytes) => {
    expect(host.request({ headers: [], properties: onRoute(identified(bytes)) })).toMatchObject({ status: 503 });
  });

  it('that needs a later revision of the filter is 503', () => {
    // Field 1, `needs`, is 99.
    const later = identified(Buffer.from([0x08, 99]));
    expect(host.request({ headers: [], properties: onRoute(later) })).toMatchObject({ status: 503 });
  });
});

describe('JWT', () => {
  it('is 401 without a token, and names the scheme and no error (RFC 6750)', () => {
    expect(ask({ jwt: { providers: [provider()] } })).toEqual({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
    });
  });

  it('is 401 with another scheme', () => {
    expect(ask({ jwt: { providers: [provider()] } }, { authorization: 'Basic YTpi' })).toEqual(UNAUTHORIZED);
  });

  it.each(['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const)('accepts %s', (algorithm) => {
    const signer = issuer(algorithm);
    const keys = [{ kid: signer.kid, algorithm: ALGORITHM[algorithm], spki: signer.spki }];
    for (let i = 0; i < 8; i++) expect(withToken(signer.token({ ...CLAIMS, i }), { keys })).toEqual(PASSES);
  });

  it('accepts the same token again', () => {
    const token = rs.token(CLAIMS);
    expect(withToken(token)).toEqual(PASSES);
    expect(withToken(token)).toEqual(PASSES);
  });

  it('judges a token that was seen before by the time of the request', async () => {
    let now = NOW;
    const later = await loadFilter(wasm, { now: () => now * 1000 });
    later.configure(new Uint8Array());
    const policy = encodePolicy({ jwt: { providers: [provider()] } });
    const headers = [['authorization', `Bearer ${rs.token({ ...CLAIMS, nbf: NOW })}`]] as const;
    const asked = (): string =>
      later.request({ headers: [[':path', '/'], ...headers], properties: onRoute(policy) }).kind;
    expect(asked()).toBe('continue');
    now = NOW + 600 + 59;
    expect(asked()).toBe('continue');
    now = NOW + 600 + 60;
    expect(asked()).toBe('response');
    now = NOW - 61;
    expect(asked()).toBe('response');
    now = NOW;
    expect(asked()).toBe('continue');
  });

  it('reads the same claims of a token that was seen before, whatever came between', () => {
    const claimToHeaders = ['sub', 'deep'].map((name) => ({
      claim: name === 'deep' ? ['deep', 'er'] : [name],
      header: `x-${name}`,
    }));
    const tokens = Array.from({ length: 4_500 }, (_, i) =>
      rs.token({ ...CLAIMS, sub: `user "${i}"`, deep: { er: `ü-${i}` } }),
    );
    for (const [i, token] of [...tokens, ...tokens.slice(-200), ...tokens.slice(0, 200)].entries()) {
      const number = i < 4_500 ? i : i < 4_700 ? i - 200 : i - 4_700;
      const policy = { jwt: { providers: [provider({ claimToHeaders })] } };
      const went = wentOn(policy, { authorization: `Bearer ${token}` });
      expect(went.get('x-sub')).toBe(`user "${number}"`);
      expect(went.get('x-deep')).toBe(`ü-${number}`);
    }
  });

  it('does not take a token that another key made, though a good one was seen before', () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const good = rs.token(CLAIMS);
    expect(withToken(good)).toEqual(PASSES);
    const text = good.slice(0, good.lastIndexOf('.'));
    expect(withToken(`${text}.${sign('sha256', Buffer.from(text), other).toString('base64url')}`)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    });
  });

  const bad: readonly (readonly [string, () => string])[] = [
    ['alg none', () => `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`],
    [
      'alg none with the signature of another',
      () => `${encode({ alg: 'none', kid: rs.kid })}.${rs.token(CLAIMS).split('.').slice(1).join('.')}`,
    ],
    ['HS256 with the public key as secret', () => rs.token(CLAIMS, { alg: 'HS256' })],
    ['an algorithm that its key is not for', () => rs.token(CLAIMS, { alg: 'RS512' })],
    ['an unknown kid', () => rs.token(CLAIMS, { kid: 'other' })],
    ['a kid that is no text', () => rs.token(CLAIMS, { kid: 1 })],
    ['crit', () => rs.token(CLAIMS, { crit: ['exp'] })],
    ['two algs', () => rs.rawToken('{"alg":"RS256","kid":"key-1","alg":"RS256"}', JSON.stringify(CLAIMS))],
    ['a payload that is no object', () => rs.rawToken(JSON.stringify({ alg: 'RS256', kid: rs.kid }), '[]')],
    ['a payload that is no JSON', () => rs.rawToken(JSON.stringify({ alg: 'RS256', kid: rs.kid }), '{"a":1')],
    [
      'two issuers',
      () =>
        rs.rawToken(JSON.stringify({ alg: 'RS256', kid: rs.kid }), '{"iss":"x","iss":"https://issuer","aud":"shop"}'),
    ],
    ['another issuer', () => rs.token({ ...CLAIMS, iss: 'https://other' })],
    ['no issuer', () => rs.token({ aud: 'shop' })],
    ['another audience', () => rs.token({ ...CLAIMS, aud: 'other' })],
    ['audiences without ours', () => rs.token({ ...CLAIMS, aud: ['a', 'b'] })],
    ['an exp that has passed, leeway and all', () => rs.token({ ...CLAIMS, exp: NOW - 60 })],
    ['an exp that is text', () => rs.token({ ...CLAIMS, exp: String(NOW + 600) })],
    [
      'two exps',
      () =>
        rs.rawToken(
          JSON.stringify({ alg: 'RS256', kid: rs.kid }),
          `{"iss":"https://issuer","aud":"shop","exp":${NOW + 9},"exp":${NOW + 9}}`,
        ),
    ],
    ['an nbf in the future, leeway and all', () => rs.token({ ...CLAIMS, nbf: NOW + 61 })],
    ['a byte appended to its signature', () => `${rs.token(CLAIMS)}AA`],
    ['padding', () => `${rs.token(CLAIMS)}=`],
    ['white space', () => ` ${rs.token(CLAIMS)}`],
    ['a fourth part', () => `${rs.token(CLAIMS)}.x`],
    ['two parts', () => rs.token(CLAIMS).split('.').slice(0, 2).join('.')],
    ['nothing', () => ''],
    ['dots only', () => '..'],
    ['65 KiB', () => rs.token({ ...CLAIMS, pad: 'x'.repeat(70_000) })],
    ['base64 whose unused bits are set', () => nonCanonical(rs.token(CLAIMS))],
  ];
  it.each(bad)('refuses a token with %s', (_, token) => {
    expect(withToken(token())).toEqual(UNAUTHORIZED);
  });

  it('refuses two Authorization headers, even if both are good', () => {
    const header = ['authorization', `Bearer ${rs.token(CLAIMS)}`] as const;
    const policy = encodePolicy({ jwt: { providers: [provider()] } });
    expect(host.request({ headers: [header, header], properties: onRoute(policy) })).toMatchObject({ status: 401 });
  });

  it.each([
    ['exp a moment ago, within the leeway', { exp: NOW - 59 }],
    ['nbf in a moment, within the leeway', { nbf: NOW + 60 }],
    ['one audience of several', { aud: ['a', 'shop'] }],
    ['an issuer written with escapes', { iss: 'https://issuer' }],
  ])('accepts a token with %s', (_, claims) => {
    expect(withToken(rs.token({ ...CLAIMS, ...claims }))).toEqual(PASSES);
  });

  it('accepts a token without kid by any key of its algorithm', () => {
    expect(withToken(rs.token(CLAIMS, { kid: undefined }))).toEqual(PASSES);
  });

  it('takes the token from a query parameter and from a cookie when told so', () => {
    const sources = [
      { source: { case: 'queryParameter', value: 't' } },
      { source: { case: 'cookie', value: 'session' } },
    ] as const;
    const policy = { jwt: { providers: [provider({ sources: [...sources] })] } };
    const token = rs.token(CLAIMS);
    expect(ask(policy, {}, `/a?x=1&t=${token}`)).toEqual(PASSES);
    expect(ask(policy, { cookie: `a=b; session=${token}` })).toEqual(PASSES);
    expect(ask(policy, { cookie: `xsession=${token}` })).toEqual(UNAUTHORIZED);
    expect(ask(policy, { authorization: `Bearer ${token}` })).toEqual(UNAUTHORIZED);
    expect(ask(policy, {}, `/a?t=${token}&t=${token}`)).toEqual(UNAUTHORIZED);
  });

  it('lets a request without a token pass when optional, but none with a bad token', () => {
    const jwt = { providers: [provider()], optional: true };
    expect(ask({ jwt })).toEqual(PASSES);
    expect(ask({ jwt }, { authorization: 'Bearer a.b.c' })).toEqual(UNAUTHORIZED);
  });

  it('lets a request with a bad token, or none, pass as that of nobody when it fails open', () => {
    const claimToHeaders = [{ claim: ['sub'], header: 'x-user' }];
    const jwt = { providers: [provider({ claimToHeaders })], failOpen: true };
    const ended = rs.token({ ...CLAIMS, exp: NOW - 600 });
    for (const sent of [{}, { authorization: `Bearer ${ended}` }, { authorization: 'Bearer x' }]) {
      expect(wentOn({ jwt }, { ...sent, 'x-user': 'root' }).has('x-user')).toBe(false);
      const rule = { name: 'r', action: ALLOW, jwt: { provider: 'main' } };
      expect(ask({ jwt, authorization: { rules: [rule] } }, sent)).toMatchObject({ status: 403 });
    }
    expect(wentOn({ jwt }, { authorization: `Bearer ${rs.token(CLAIMS)}` }).get('x-user')).toBe('alice');
  });

  it('tries the providers in turn', () => {
    const other = issuer('ES256', 'other');
    const second = provider({
      name: 'second',
      issuer: 'https://second',
      keys: [{ kid: 'other', algorithm: ALGORITHM.ES256, spki: other.spki }],
    });
    const jwt = { providers: [provider(), second] };
    const token = other.token({ ...CLAIMS, iss: 'https://second' });
    expect(ask({ jwt }, { authorization: `Bearer ${token}` })).toEqual(PASSES);
    // The first provider's issuer does not make the second's key good for it.
    expect(ask({ jwt }, { authorization: `Bearer ${other.token(CLAIMS)}` })).toEqual(UNAUTHORIZED);
  });
});

describe('why a token is refused', () => {
  it.each([
    ['no key made its signature', () => `${rs.token(CLAIMS).slice(0, -4)}AAAA`],
    ['by exp or nbf it is not good now', () => rs.token({ ...CLAIMS, exp: NOW - 600 })],
    ["iss is not the provider's issuer", () => rs.token({ ...CLAIMS, iss: 'other' })],
    ['the provider has no key for its alg and kid', () => rs.token(CLAIMS, { kid: 'other' })],
  ])('is in the log at debug level, and not the token: %s', (why, token) => {
    const before = host.logs.length;
    const refused = token();
    expect(withToken(refused)).toEqual(UNAUTHORIZED);
    expect(host.logs.slice(before)).toEqual([{ level: 'debug', message: `token refused: ${why}` }]);
  });

  it('makes no garbage', () => {
    const token = `${rs.token(CLAIMS).slice(0, -4)}AAAA`;
    withToken(token);
    const before = host.memoryBytes();
    for (let i = 0; i < 5_000; i++) withToken(token);
    expect(host.memoryBytes()).toBe(before);
  });
});

describe('claims as headers', () => {
  const claimToHeaders = [
    { claim: ['sub'], header: 'x-user' },
    { claim: ['org', 'name'], header: 'x-org' },
  ];
  const jwt = { providers: [provider({ claimToHeaders: claimToHeaders })], optional: true };

  it.each([
    ['text', { sub: 'alice' }, 'alice'],
    ['a number', { sub: 42 }, '42'],
    ['true', { sub: true }, 'true'],
    ['a list of plain values', { sub: ['a', 1] }, 'a,1'],
    ['an object, as base64url of its JSON', { sub: { a: 1 } }, Buffer.from('{"a":1}').toString('base64url')],
    ['escapes', { sub: 'a"b\\cä😀' }, 'a"b\\cä😀'],
  ])('carry %s', (_, claims, value) => {
    const token = rs.token({ ...CLAIMS, ...claims });
    expect(wentOn({ jwt }, { authorization: `Bearer ${token}` }).get('x-user')).toBe(value);
  });

  it('carry nested claims', () => {
    const token = rs.token({ ...CLAIMS, org: { name: 'acme' } });
    expect(wentOn({ jwt }, { authorization: `Bearer ${token}` }).get('x-org')).toBe('acme');
  });

  it('belong to the policy: what a client sends under their names is gone', () => {
    const forged = { 'x-user': 'root', 'x-org': 'root' };
    const token = rs.token(CLAIMS);
    const went = wentOn({ jwt }, { ...forged, authorization: `Bearer ${token}` });
    expect(went.get('x-user')).toBe('alice');
    expect(went.has('x-org')).toBe(false);
    expect(wentOn({ jwt }, forged).has('x-user')).toBe(false);
  });

  it.each([
    ['twice', ['x-user', 'x-user']],
    ['with an underscore', ['x_user']],
    ['with underscores, several times', ['x_user', 'x-user', 'x_user', 'x_org']],
    ['empty', ['x-user'], ''],
  ])('belong to the policy, brought %s', (_, names, value = 'root') => {
    const sent = names.map((name) => [name, value] as const);
    const all = [[':path', '/'], ...sent, ['authorization', `Bearer ${rs.token(CLAIMS)}`], ['x_used', 'a']] as const;
    const result = host.request({ headers: all, properties: onRoute(encodePolicy({ jwt })) });
    const left = result.kind === 'continue' ? result.headers.filter(([name]) => name.startsWith('x')) : [];
    expect(left).toHaveLength(2);
    expect(Object.fromEntries(left)).toEqual({ 'x-user': 'alice', x_used: 'a' });
  });

  it.each(['a\r\nx-admin: 1', 'a\u0000b'])('never carry a line break or NUL: the token is refused', (sub) => {
    const token = rs.token({ ...CLAIMS, sub });
    expect(ask({ jwt }, { authorization: `Bearer ${token}` })).toEqual(UNAUTHORIZED);
  });
});

describe('authorization', () => {
  const jwt = { providers: [provider()], optional: true };
  const allow = (rule: object) => ({ defaultAction: 2, rules: [{ name: 'r', action: 1, ...rule }] });
  const claim = (type: 1 | 2, values: readonly string[]) => ({
    jwt: { provider: 'main', claims: [{ claim: ['role'], type, values }] },
  });
  const asking = (authorization: object, claims: object | undefined) =>
    ask(
      { jwt, authorization },
      claims === undefined ? {} : { authorization: `Bearer ${rs.token({ ...CLAIMS, ...claims })}` },
    );
  const FORBIDDEN = { status: 403, headers: expect.anything() };

  it.each([
    ['a claim that equals', claim(1, ['admin', 'root']), { role: 'admin' }],
    ['an element of a list claim', claim(2, ['admin']), { role: ['guest', 'admin'] }],
    ['a scope among the words of scope', { jwt: { provider: 'main', scopes: ['read'] } }, { scope: 'write read' }],
    ['a scope in the list scp', { jwt: { provider: 'main', scopes: ['read'] } }, { scp: ['read'] }],
    ['any token of the provider', { jwt: { provider: 'main' } }, {}],
  ])('allows %s', (_, rule, claims) => {
    expect(asking(allow(rule), claims)).toEqual(PASSES);
  });

  it('finds the one of a thousand rules that a claim matches', () => {
    const rules = Array.from({ length: 1000 }, (_, index) => ({
      name: String(index),
      action: ALLOW,
      jwt: { provider: 'main', claims: [{ claim: ['role'], type: 1, values: [`role-${index}`] }] },
    }));
    expect(asking({ defaultAction: 2, rules }, { role: 'role-999' })).toEqual(PASSES);
    expect(asking({ defaultAction: 2, rules }, { role: 'role-1000' })).toEqual(FORBIDDEN);
    expect(asking({ defaultAction: 2, rules }, { role: ['role-7'] })).toEqual(FORBIDDEN);
    expect(asking({ defaultAction: 2, rules }, undefined)).toEqual(FORBIDDEN);
  });

  it.each([
    ['another claim', claim(1, ['admin']), { role: 'guest' }],
    ['no such claim', claim(1, ['admin']), {}],
    ['a claim named twice by nesting', claim(1, ['admin']), { role: { role: 'admin' } }],
    ['a list where text is wanted', claim(1, ['admin']), { role: ['admin'] }],
    ['text where a list is wanted', claim(2, ['admin']), { role: 'admin' }],
    ['part of a scope', { jwt: { provider: 'main', scopes: ['read'] } }, { scope: 'readonly' }],
    ['a token of another provider', { jwt: { provider: 'other' } }, {}],
    ['no token', { jwt: { provider: 'main' } }, undefined],
  ])('denies %s', (_, rule, claims) => {
    expect(asking(allow(rule), claims)).toEqual(FORBIDDEN);
  });

  it('goes by headers that claims fill as they are filled, whatever a client sends under their names', () => {
    const claimToHeaders = [
      { claim: ['role'], header: 'x-role' },
      { claim: ['sub'], header: 'x-user' },
      { claim: ['missing'], header: 'x-role' },
    ];
    const rules = [{ name: 'r', action: ALLOW, headers: [{ name: 'x-role', values: ['admin'] }] }];
    const policy = { jwt: { providers: [provider({ claimToHeaders })], optional: true }, authorization: { rules } };
    const token = (role: string) => ({ authorization: `Bearer ${rs.token({ ...CLAIMS, role })}` });
    expect(ask(policy, { ...token('guest'), 'x-role': 'admin' })).toEqual(FORBIDDEN);
    expect(ask(policy, { ...token('guest'), x_role: 'admin' })).toEqual(FORBIDDEN);
    expect(ask(policy, { 'x-role': 'admin' })).toEqual(FORBIDDEN);
    for (const sent of [{}, { 'x-role': 'guest' }, { 'x-role': 'admin', 'x-user': 'root', x_role: 'a' }]) {
      const went = wentOn(policy, { ...token('admin'), ...sent });
      expect([went.get('x-role'), went.get('x-user'), went.has('x_role')]).toEqual(['admin', 'alice', false]);
    }
  });

  it('takes the first rule that matches', () => {
    const deny = {
      name: 'd',
      action: 2,
      jwt: { provider: 'main', claims: [{ claim: ['role'], type: 1, values: ['guest'] }] },
    };
    const rules = [deny, { name: 'a', action: 1 }];
    expect(asking({ defaultAction: 2, rules }, { role: 'guest' })).toEqual(FORBIDDEN);
    expect(asking({ defaultAction: 2, rules }, { role: 'admin' })).toEqual(PASSES);
  });

  it('denies what no rule matches, also when nothing says so', () => {
    expect(asking({ defaultAction: 1, rules: [] }, undefined)).toEqual(PASSES);
    expect(asking({ defaultAction: 2, rules: [] }, undefined)).toEqual(FORBIDDEN);
    expect(asking({ rules: [] }, undefined)).toEqual(FORBIDDEN);
  });
});

describe('memory', () => {
  it('stays flat over 10,000 policies, and over requests with tokens', async () => {
    const own = await loadFilter(wasm, { now: () => NOW * 1000 });
    own.configure(new Uint8Array());
    const round = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        const policy = encodePolicy({ source: `policy-${i}`, authorization: { defaultAction: ALLOW } });
        expect(own.request({ headers: [], properties: onRoute(policy) }).kind).toBe('continue');
      }
    };
    round(0, 5_000);
    const settled = own.memoryBytes();
    round(5_000, 15_000);
    expect(own.memoryBytes()).toBe(settled);
  });
});

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The same token with an unused bit of its signature set: other text, same bytes. RSA-2048 leaves 4 bits. */
function nonCanonical(token: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = letters.indexOf(token.at(-1) ?? '');
  return token.slice(0, -1) + (letters[last | 1] ?? '');
}
