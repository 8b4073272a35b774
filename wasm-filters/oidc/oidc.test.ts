import { beforeAll, describe, expect, it } from 'vitest';
import { enumMembers } from '#proto/load.ts';
import { compilePolicy } from '../build.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, issuer } from '../testing/issuer.ts';
import { encodePolicy, onRoute, type PolicyInit } from '../testing/policy-bytes.ts';

/** Seconds; the time of every request here. */
const NOW = 1_800_000_000;
const { ALLOW } = enumMembers('sluice.filter.v1.AuthorizationAction');
const { STRING } = enumMembers('sluice.filter.v1.ClaimType');

let first: FilterHost;
let login: FilterHost;
beforeAll(async () => {
  const wasm = await compilePolicy();
  const at = async (pluginName: string): Promise<FilterHost> => {
    const host = await loadFilter(wasm, { pluginName, now: () => NOW * 1000 });
    expect(host.configure(new Uint8Array())).toBe(true);
    return host;
  };
  first = await at('sluice.policy');
  login = await at('sluice.policy.login');
});

const sidecar = issuer('ES256', 'session');
const rs = issuer('RS256');
const CLAIMS = { iss: 'sluice', aud: 'default/shop#1', sub: 'ada', role: 'admin', exp: NOW + 300 };
const COOKIE = 'sluice-session-a';

type Plain<T> = Extract<T, { readonly $typeName?: never }>;
type Oidc = Plain<NonNullable<Plain<PolicyInit>['oidc']>>;

function oidc(more: Oidc = {}): Oidc {
  return {
    session: {
      name: 'oidc',
      issuer: 'sluice',
      audiences: ['default/shop#1'],
      keys: [{ kid: sidecar.kid, algorithm: ALGORITHM.ES256, spki: sidecar.spki }],
      sources: [{ source: { case: 'cookie', value: COOKIE } }],
    },
    callbackPath: '/oauth2/callback',
    logoutPath: '/logout',
    ...more,
  };
}

const JWT = {
  providers: [
    {
      name: 'main',
      keys: [{ kid: rs.kid, algorithm: ALGORITHM.RS256, spki: rs.spki }],
      sources: [{ source: { case: 'header', value: { name: 'authorization', prefix: 'Bearer ' } } } as const],
    },
  ],
};

interface Question {
  readonly policy?: PolicyInit;
  readonly headers?: readonly (readonly [string, string])[];
  readonly path?: string;
  readonly at?: () => FilterHost;
}

/** What becomes of a request: goes on, to the sidecar or past it, or is answered. */
function ask({ policy = { oidc: oidc() }, headers = [], path = '/orders', at = () => first }: Question) {
  const host = at();
  const all: (readonly [string, string])[] = [[':method', 'GET'], [':path', path], ...headers];
  const result = host.request({ headers: all, properties: onRoute(encodePolicy(policy)) });
  if (result.kind === 'response') return { status: result.status };
  if (result.kind !== 'continue') throw new Error(result.kind);
  const state = host.filterState();
  return {
    goes: state.has('sluice.sidecar') ? 'to the sidecar' : 'on',
    cookie: state.get('sluice.cookie'),
    headers: new Map(result.headers),
  };
}

function session(claims: object = {}, header: object = {}): readonly [string, string] {
  return ['cookie', `${COOKIE}=${sidecar.token({ ...CLAIMS, ...claims }, header)}`];
}

const ON = { goes: 'on' };
const TO_SIDECAR = { goes: 'to the sidecar' };

describe('a request with a good session', () => {
  it('has headers from its claims where the policy says so, and only behind what makes sessions', () => {
    const headers: NonNullable<PolicyInit['headers']> = {
      request: { set: [{ name: 'x-role', from: [{ source: { case: 'session', value: { path: ['role'] } } }] }] },
    };
    const policy = { oidc: oidc(), headers };
    const forged = ['x-role', 'root'] as const;
    expect(ask({ policy, headers: [session(), forged] }).headers?.get('x-role')).toBe('admin');
    expect(ask({ policy, headers: [forged] })).toMatchObject(TO_SIDECAR);
    expect(
      ask({ policy, headers: [session({ role: undefined }), forged], at: () => login }).headers?.get('x-role'),
    ).toBe(undefined);
  });

  it('goes on without the sidecar', () => {
    for (let again = 0; again < 3; again += 1) expect(ask({ headers: [session()] })).toMatchObject(ON);
  });

  it('goes through the sidecar where that has something to add, and on from there', () => {
    const policy = { oidc: oidc({ alwaysSidecar: true }) };
    expect(ask({ policy, headers: [session()] })).toMatchObject(TO_SIDECAR);
    expect(ask({ policy, headers: [session()], at: () => login })).toMatchObject(ON);
  });

  it.each(['/oauth2/callback', '/oauth2/callback?code=1', '/logout', '/logout?x', '/logout#x'])(
    "is the sidecar's at %s",
    (path) => {
      expect(ask({ path, headers: [session()] })).toMatchObject(TO_SIDECAR);
    },
  );

  it.each(['/oauth2/callback/more', '/logoutx', '/'])('is not at %s', (path) => {
    expect(ask({ path, headers: [session()] })).toMatchObject(ON);
  });
});

describe('a request is left to the sidecar, and refused where it comes from there,', () => {
  const forged = issuer('ES256', 'session');
  it.each<readonly [string, readonly (readonly [string, string])[]]>([
    ['without a cookie', []],
    ['with other cookies', [['cookie', 'a=b; theme=dark']]],
    ['with a session that has ended', [session({ exp: NOW })]],
    ['with a session that ended a second ago', [session({ exp: NOW - 1 })]],
    ['with a session of another policy', [session({ aud: 'default/other#1' })]],
    ['with a session of nobody known', [session({ iss: 'https://issuer.example' })]],
    ['with a session that somebody else signed', [['cookie', `${COOKIE}=${forged.token(CLAIMS)}`]]],
    ['with a token of a provider in its place', [['cookie', `${COOKIE}=${rs.token(CLAIMS)}`]]],
    ['with a session that was changed', [['cookie', `${COOKIE}=${sidecar.token(CLAIMS).replace('.', '.e')}`]]],
    ['with a session without a signature', [['cookie', `${COOKIE}=${sidecar.token(CLAIMS).replace(/[^.]*$/u, '')}`]]],
    ['with no token at all', [['cookie', `${COOKIE}=`]]],
    ['with two sessions', [['cookie', `${COOKIE}=x; ${session()[1]}`]]],
    ['with two headers of cookies', [session(), ['cookie', 'a=b']]],
    ['with a session under another name', [['cookie', session()[1].replace('-a=', '-b=')]]],
  ])('%s', (_, headers) => {
    expect(ask({ headers })).toMatchObject(TO_SIDECAR);
    expect(ask({ headers, at: () => login })).toEqual({ status: 503 });
  });

  it('where the policy says nothing of sessions', () => {
    const policy = { oidc: { callbackPath: '/oauth2/callback' } };
    expect(ask({ policy, headers: [session()] })).toMatchObject(TO_SIDECAR);
    expect(ask({ policy, headers: [session()], at: () => login })).toEqual({ status: 503 });
  });
});

describe('the back-end', () => {
  it("gets the cookies that are not the gateway's", () => {
    const [, own] = session();
    const others = `sluice-tokens-a.0=x; sluice-tokens-a.1=y; sluice-flow-a-3=z`;
    const { cookie } = ask({ headers: [['cookie', `theme=dark; ${own};lang=de; ${others}; a=sluice-b`]] });
    expect(cookie).toBe('theme=dark; lang=de; a=sluice-b');
  });

  it("gets none where all are the gateway's", () => {
    expect(ask({ headers: [session()] }).cookie).toBeUndefined();
  });

  it('gets those of requests that come from the sidecar', () => {
    const [, own] = session();
    expect(ask({ headers: [['cookie', `${own}; a=b`]], at: () => login }).cookie).toBe('a=b');
  });

  it.each([';', ';;;', '; ; ', '=', 'a;b;c', 'a=1;b=2;c=3;d=4', ' x', 'sluice-', 'sluice-=;y'])(
    "gets of %j what a copy of it without the gateway's would be",
    (text) => {
      const { cookie = '' } = ask({ headers: [['cookie', `${text}; ${session()[1]}`]] });
      const pieces = text.split(';').map((piece) => piece.replace(/^ +/u, ''));
      expect(cookie).toBe(pieces.filter((piece) => piece !== '' && !/^sluice-./u.test(piece)).join('; '));
    },
  );
});

describe('a request with a token', () => {
  const policy = { jwt: JWT, oidc: oidc({ passThroughTokens: true, ownedHeaders: ['x-id-token'] }) };
  const bearer = ['authorization', `Bearer ${rs.token({ sub: 'robot', exp: NOW + 60 })}`] as const;

  it('needs no session where the policy says so', () => {
    expect(ask({ policy, headers: [bearer] })).toMatchObject(ON);
  });

  it('that is not good is refused, and not sent to log in', () => {
    expect(ask({ policy, headers: [['authorization', 'Bearer x']] })).toEqual({ status: 401 });
  });

  it('cannot bring what only the sidecar may fill', () => {
    const { headers } = ask({ policy, headers: [bearer, ['x-id-token', 'forged']] });
    expect(headers?.has('x-id-token')).toBe(false);
  });

  it('of another scheme has to log in', () => {
    expect(ask({ policy, headers: [['authorization', 'Basic YTpi']] })).toMatchObject(TO_SIDECAR);
  });

  it('needs a session, too, where the policy does not say so', () => {
    const both = { jwt: JWT, oidc: oidc() };
    expect(ask({ policy: both, headers: [bearer] })).toMatchObject(TO_SIDECAR);
    expect(ask({ policy: both, headers: [bearer, session()] })).toMatchObject(ON);
    expect(ask({ policy: both, headers: [session()] })).toEqual({ status: 401 });
  });
});

describe('authorization', () => {
  const rule = (provider: string): PolicyInit['authorization'] => ({
    rules: [{ action: ALLOW, jwt: { provider, claims: [{ claim: ['role'], type: STRING, values: ['admin'] }] } }],
  });

  it('goes by the claims of the session', () => {
    const policy = { oidc: oidc(), authorization: rule('oidc') };
    expect(ask({ policy, headers: [session()] })).toMatchObject(ON);
    expect(ask({ policy, headers: [session({ role: 'guest' })] })).toEqual({ status: 403 });
  });

  it('waits for the session: nobody is refused before they had a chance to log in', () => {
    expect(ask({ policy: { oidc: oidc(), authorization: rule('oidc') } })).toMatchObject(TO_SIDECAR);
  });

  it('takes a session for nothing where it asks for a token', () => {
    const policy = { oidc: oidc(), authorization: rule('main') };
    expect(ask({ policy, headers: [session()] })).toEqual({ status: 403 });
  });

  it('of a policy without sessions knows nothing of those of others', () => {
    ask({ headers: [session()] });
    expect(ask({ policy: { authorization: rule('oidc') }, headers: [session()] })).toEqual({ status: 403 });
  });
});
