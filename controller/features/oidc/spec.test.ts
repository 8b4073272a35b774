import { describe, expect, it } from 'vitest';
import type { OIDC, ReferenceGrant, Secret } from '#controller/api/gen/types.d.ts';
import { DEFAULT_SETTINGS } from '../../compile.ts';
import type { JwtIr, JwtProviderIr } from '../../ir/jwt.ts';
import { ResourceStore } from '../../resources/store.ts';
import { resolveAuthorization } from '../authorization/spec.ts';
import { resolveOidc } from './spec.ts';

const SPEC: OIDC = {
  provider: { issuer: 'https://issuer.example' },
  clientID: 'shop',
  clientSecret: { group: '', kind: 'Secret', name: 'client' },
  refreshToken: true,
};

const secret = (namespace: string, stringData: Record<string, string>): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'client', namespace, generation: 1 },
  type: 'Opaque',
  stringData,
});

interface World {
  readonly jwt?: JwtIr;
  readonly rules?: Parameters<typeof resolveAuthorization>[0]['rules'];
  readonly objects?: readonly (Secret | ReferenceGrant)[];
  readonly owner?: string;
  readonly assumeAnswers?: boolean;
}

function resolve(more: Partial<OIDC>, world: World = {}) {
  const { jwt, rules, objects = [], owner = 'shop', assumeAnswers = true } = world;
  const resources = new ResourceStore({ assumeAnswers });
  for (const object of [secret('default', { 'client-secret': 'x', 'client-id': 'by-ref' }), ...objects]) {
    resources.upsert(object);
  }
  const names = [...(jwt?.providers ?? []).map(({ name }) => name), 'oidc'];
  const authorization = rules === undefined ? undefined : resolveAuthorization({ rules }, names);
  return resolveOidc(
    { ...SPEC, ...more },
    {
      owner: { namespace: 'default', name: owner },
      namespaceOf: () => 'default',
      jwt,
      authorization: authorization?.ok === true ? authorization.value : undefined,
      sessionKeys: [{ kid: 'k', algorithm: 'ES256', spki: new Uint8Array(1) }],
      resources,
      settings: DEFAULT_SETTINGS,
    },
  );
}

function accepted(more: Partial<OIDC>, world?: World) {
  const found = resolve(more, world);
  if (!found.ok) throw new Error(found.refusal.message);
  return found.value;
}

const provider = (more: Partial<JwtProviderIr>): JwtProviderIr => ({
  name: 'main',
  issuer: undefined,
  audiences: [],
  keys: [],
  claimToHeaders: [],
  sources: [{ kind: 'header', name: 'authorization', prefix: 'Bearer ' }],
  ...more,
});
const jwtOf = (...providers: readonly JwtProviderIr[]): JwtIr => ({
  providers,
  optional: false,
  failOpen: false,
});

describe('oidc', () => {
  it('has defaults as Envoy Gateway documents them', () => {
    const { client } = accepted({}).oidc;
    expect(client).toMatchObject({
      redirectUrl: '%REQ(x-forwarded-proto)%://%REQ(:authority)%/oauth2/callback',
      callbackPath: '/oauth2/callback',
      logoutPath: '/logout',
      scopes: ['openid'],
      flowTtl: 600,
      session: { refresh: true, defaultTtl: 0, defaultRefreshTtl: 604_800 },
      cookies: { domain: undefined, sameSite: undefined, plainAccessToken: undefined, plainIdToken: undefined },
    });
  });

  it('discovers what it does not state, and only that', () => {
    const stated = { authorizationEndpoint: 'https://a.example/auth', tokenEndpoint: 'https://b.example/token' };
    const { issuer } = SPEC.provider;
    expect(accepted({ provider: { issuer, ...stated } }).oidc.client.provider).toEqual({
      issuer,
      ...stated,
      endSessionEndpoint: undefined,
      jwksUri: undefined,
    });
    const { tokenEndpoint } = stated;
    expect(accepted({ provider: { issuer, tokenEndpoint } }).oidc.client.provider).toMatchObject({
      authorizationEndpoint: `${issuer}/authorize`,
      tokenEndpoint,
      jwksUri: `${issuer}/keys`,
    });
  });

  it('is pending until its provider was discovered', () => {
    expect(resolve({}, { assumeAnswers: false })).toMatchObject({
      ok: false,
      refusal: {
        reason: 'Pending',
        message: expect.stringContaining('https://issuer.example/.well-known/openid-configuration'),
      },
    });
  });

  it('has a name that the secret is no part of', () => {
    const [one, two] = ['x', 'y'].map((text) =>
      accepted({}, { objects: [secret('default', { 'client-secret': text })] }),
    );
    expect(one?.oidc.client.id).toBe(two?.oidc.client.id);
    expect(one?.oidc.client.clientSecret).not.toBe(two?.oidc.client.clientSecret);
    expect(accepted({ logoutPath: '/bye' }).oidc.client.id).not.toBe(one?.oidc.client.id);
  });

  it('takes the id of the client from a Secret, too', () => {
    const found = accepted({ clientIDRef: { group: '', kind: 'Secret', name: 'client' } });
    expect(found.oidc.client.clientId).toBe('by-ref');
  });
});

describe('oidc is refused', () => {
  const grant: ReferenceGrant = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ReferenceGrant',
    metadata: { name: 'grant', namespace: 'secrets', generation: 1 },
    spec: {
      from: [{ group: 'gateway.envoyproxy.io', kind: 'SecurityPolicy', namespace: 'default' }],
      to: [{ group: '', kind: 'Secret' }],
    },
  };
  const elsewhere = { group: '', kind: 'Secret', name: 'client', namespace: 'secrets' };

  const refused: readonly (readonly [string, Partial<OIDC>, RegExp, World?])[] = [
    [
      'without its Secret',
      { clientSecret: { group: '', kind: 'Secret', name: 'none' } },
      /Secret default\/none does not exist/u,
    ],
    [
      'without its key',
      {},
      /Secret default\/client has no key client-secret/u,
      { objects: [secret('default', { other: 'x' })] },
    ],
    [
      'with a secret that is no Secret',
      { clientSecret: { group: '', kind: 'ConfigMap', name: 'client' } },
      /accepted is Secret/u,
    ],
    ['with a Secret of another namespace', { clientSecret: elsewhere }, /no ReferenceGrant/u],
    [
      'with an issuer in the clear',
      { provider: { issuer: 'http://issuer.example' } },
      /provider\.issuer: .*an https URL/u,
    ],
    [
      'with a token endpoint in the clear',
      { provider: { issuer: 'https://a.example', tokenEndpoint: 'http://10.0.0.1/token' } },
      /provider\.tokenEndpoint/u,
    ],
    ['with a redirect URL without a path', { redirectURL: 'https://shop.example' }, /redirectURL: found/u],
    ['with a redirect URL with a query', { redirectURL: 'https://shop.example/a?b' }, /redirectURL/u],
    [
      'with a redirect URL that a request decides on',
      { redirectURL: 'https://%REQ(x-host)%/callback' },
      /redirectURL/u,
    ],
    ['with a path that a request decides on', { redirectURL: 'https://shop.example/%REQ(x)%' }, /redirectURL/u],
    ['with no URL', { redirectURL: 'callback' }, /redirectURL/u],
    ['with a logout path that is none', { logoutPath: 'logout' }, /logoutPath: found logout/u],
    ['with one path for both', { logoutPath: '/oauth2/callback' }, /the path of redirectURL/u],
    ['where tokens pass that nobody judges', { passThroughAuthHeader: true }, /needs a jwt/u],
    [
      'where any token passes, good or not',
      { passThroughAuthHeader: true },
      /beside jwt\.failOpen/u,
      { jwt: { providers: [], optional: false, failOpen: true } },
    ],
    ['with a cookie of the gateway', { cookieNames: { idToken: 'sluice-session-x' } }, /cookieNames\.idToken/u],
    ['with a cookie that is none', { cookieNames: { accessToken: 'a b' } }, /cookieNames\.accessToken/u],
    [
      'with an expression that takes too long',
      { denyRedirect: { headers: [{ name: 'a', type: 'RegularExpression', value: '(' }] } },
      /denyRedirect\.headers\[0\]\.value/u,
    ],
  ];
  it.each(refused.map(([title, more, message, world = {}]) => ({ title, more, message, world })))(
    '$title',
    ({ more, message, world }) => {
      expect(resolve(more, world)).toMatchObject({
        ok: false,
        refusal: { reason: 'Invalid', message: expect.stringMatching(message) },
      });
    },
  );

  it('unless a ReferenceGrant lets it refer to the Secret', () => {
    const objects = [grant, secret('secrets', { 'client-secret': 'there' })];
    expect(accepted({ clientSecret: elsewhere }, { objects }).oidc.client.clientSecret).toBe('there');
  });

  it.each(['http://localhost:9000', 'http://127.0.0.1', 'http://127.9.9.9:80/path', 'http://[::1]:1'])(
    'but not with an issuer on this machine: %s',
    (issuer) => {
      expect(resolve({ provider: { issuer } }).ok).toBe(true);
    },
  );
});

describe('a session', () => {
  const rules = [
    {
      action: 'Allow' as const,
      principal: {
        jwt: {
          provider: 'oidc',
          claims: [{ name: 'realm.role', valueType: 'String' as const, values: ['admin'] }],
          scopes: ['read'],
        },
      },
    },
  ];

  it('has the claims that authorization asks for, and no others', () => {
    expect(accepted({}).oidc.client.session.claims).toEqual([]);
    expect(accepted({}, { rules }).oidc.client.session.claims).toEqual([['realm', 'role'], ['scope'], ['scp']]);
  });

  it('is of the policy that says oidc, of its client, and of the claims', () => {
    const plain = accepted({}).oidc.client;
    const same = accepted({ logoutPath: '/bye' }).oidc.client;
    const more = accepted({}, { rules }).oidc.client;
    const other = accepted({}, { owner: 'other' }).oidc.client;
    const another = accepted({ clientID: 'another' }).oidc.client;
    expect(same.session).toEqual(plain.session);
    expect([more.session.seal, more.cookies.tokens]).toEqual([plain.session.seal, plain.cookies.tokens]);
    expect(more.session.audience).not.toBe(plain.session.audience);
    expect(more.cookies.session).not.toBe(plain.cookies.session);
    for (const { session, cookies } of [other, another]) {
      expect(session.seal).not.toBe(plain.session.seal);
      expect(cookies.tokens).not.toBe(plain.cookies.tokens);
    }
  });

  it('stands in for the ID token where a provider of jwt takes that from its cookie', () => {
    const jwt = jwtOf(
      provider({
        name: 'people',
        issuer: 'https://issuer.example',
        audiences: ['shop'],
        sources: [
          { kind: 'cookie', name: 'id' },
          { kind: 'query', name: 'token' },
        ],
        claimToHeaders: [{ claim: ['email'], header: 'x-email' }],
      }),
    );
    const found = accepted({ cookieNames: { idToken: 'id' } }, { jwt });
    expect(found.oidc.client.session.claims).toEqual([['email']]);
    expect(found.jwt?.providers).toMatchObject([
      { name: 'people', issuer: 'sluice', audiences: [found.oidc.client.session.audience], claimToHeaders: [{}] },
      { name: 'people', issuer: 'https://issuer.example', sources: [{ kind: 'query' }] },
    ]);
    expect(found.jwt?.providers[0]?.sources).toEqual([{ kind: 'cookie', name: found.oidc.client.cookies.session }]);
  });

  it('does not where the tokens are in cookies as they are', () => {
    const jwt = jwtOf(provider({ sources: [{ kind: 'cookie', name: 'id' }] }));
    expect(accepted({ cookieNames: { idToken: 'id' }, disableTokenEncryption: true }, { jwt }).jwt).toEqual(jwt);
  });

  it.each<readonly [string, Partial<JwtProviderIr>, RegExp]>([
    ['another issuer', { issuer: 'https://other.example' }, /jwt\.providers\[0\]\.issuer/u],
    ['other audiences', { audiences: ['other'] }, /jwt\.providers\[0\]\.audiences/u],
    ['the access token, which is sealed', { sources: [{ kind: 'cookie', name: 'access' }] }, /extractFrom\.cookies/u],
  ])('is not what a provider would accept that wants %s', (_, more, message) => {
    const jwt = jwtOf(provider({ sources: [{ kind: 'cookie', name: 'id' }], ...more }));
    expect(resolve({ cookieNames: { idToken: 'id', accessToken: 'access' } }, { jwt })).toMatchObject({
      ok: false,
      refusal: { message: expect.stringMatching(message) },
    });
  });
});
