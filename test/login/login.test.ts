import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startIdentityProvider, type IdentityProvider } from '#deploy/setup/identity-provider/identity-provider.ts';
import { listenOnSocket } from '#extproc/grpc/unix-server.ts';
import { claimsOf } from '#extproc/oidc/claims.ts';
import { defineProcessor } from '#extproc/processor/define-processor.ts';
import { continueWith } from '#extproc/processor/results.ts';
import { extProcService } from '#extproc/stream/service.ts';
import { issuer as tokenIssuer } from '#wasm-filters/testing/issuer.ts';
import { freePort, until } from '../process/sluice.ts';
import { callbacks, type LoginRoute, type LoginSite, startLoginSite } from './login-site.ts';
import { NetworkBrowser, upstreamHeaders } from './network-browser.ts';

/** How long access tokens are good, unless a test says otherwise. Seconds. */
const TTL = 600;
const robots = tokenIssuer('ES256');

const ROUTES: readonly LoginRoute[] = [
  { name: 'shop' },
  { name: 'other' },
  {
    name: 'api',
    oidc: { denyRedirect: { headers: [{ name: 'accept', type: 'RegularExpression', value: 'application/.*json' }] } },
  },
  { name: 'tokens', oidc: { forwardAccessToken: true, forwardIDToken: { header: 'X-Id-Token' } } },
  {
    name: 'admin',
    policy: {
      authorization: {
        defaultAction: 'Deny',
        rules: [
          {
            action: 'Allow',
            principal: { jwt: { provider: 'oidc', claims: [{ name: 'realm.role', values: ['admin'] }] } },
          },
        ],
      },
    },
  },
  {
    name: 'robots',
    oidc: { passThroughAuthHeader: true, cookieNames: { idToken: 'robots-id' } },
    policy: {
      jwt: {
        providers: [
          {
            name: 'robots',
            localJWKS: { type: 'Inline', inline: JSON.stringify({ keys: [robots.jwk] }) },
            claimToHeaders: [{ claim: 'sub', header: 'x-user' }],
          },
          {
            name: 'people',
            localJWKS: { type: 'Inline', inline: JSON.stringify({ keys: [robots.jwk] }) },
            extractFrom: { cookies: ['robots-id'] },
            claimToHeaders: [{ claim: 'email', header: 'x-user' }],
          },
        ],
      },
    },
  },
];

/** A route with a processor of a user's, on a socket of a folder of its own. */
const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
const FILTERED: LoginRoute = {
  name: 'filtered',
  more: [
    {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'Backend',
      metadata: { name: 'processors' },
      spec: { endpoints: [{ unix: { path: join(folder, 'p.sock') } }] },
    },
    {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'EnvoyExtensionPolicy',
      metadata: { name: 'filtered' },
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'filtered' }],
        extProc: [
          {
            backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'processors' }],
            messageTimeout: '5s',
            processingMode: { request: {} },
          },
        ],
      },
    },
  ],
};
/** How many requests the processor saw. It takes away the cookies of those that ask for it. */
let seen = 0;
const processor = defineProcessor({
  onRequestHeaders: ({ headers }) => {
    seen += 1;
    return headers.has('x-take') ? continueWith({ headers: { remove: ['cookie'] } }) : continueWith();
  },
});
let stopProcessor: () => Promise<unknown>;

let provider: IdentityProvider;
let running: LoginSite;
beforeAll(async () => {
  const port = await freePort();
  const select = () => ({ kind: 'selected', processor, policy: undefined }) as const;
  const listening = await listenOnSocket(join(folder, 'p.sock'), [extProcService(select, pino({ level: 'silent' }))]);
  if (listening.kind !== 'listening') throw new Error(listening.message);
  stopProcessor = () => listening.server.drain(0);
  provider = await startIdentityProvider({
    port: 0,
    clientId: 'shop',
    clientSecret: 'secret',
    redirectUris: callbacks(port, [...ROUTES, FILTERED]),
    users: {
      ada: { email: 'ada@example.com', realm: { role: 'admin' } },
      bob: { email: 'bob@example.com', realm: { role: 'guest' } },
    },
    ttl: TTL,
  });
  running = await startLoginSite(port, provider.issuer, [...ROUTES, FILTERED]);
});
afterAll(async () => {
  await running.stop();
  await provider.stop();
  await stopProcessor();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => provider.alter({}));

const at = (path: string): string => running.origin + path;
const STREAMS = 'http.http.ext_proc.streams_started';

/** Logs in on a route as this user. */
async function loggedIn(path: string, user = 'ada'): Promise<NetworkBrowser> {
  const browser = new NetworkBrowser();
  const { host } = new URL(provider.issuer);
  browser.jar.put({ name: 'idp_user', value: user, path: '/', host, text: '' });
  expect(await browser.browse(at(path))).toMatchObject({ url: at(path) });
  return browser;
}

const sessionOf = (browser: NetworkBrowser): string =>
  browser.jar.all.find(({ name }) => name.startsWith('sluice-session-'))?.value ?? '';

describe('a login on real Envoy', () => {
  it('leads over the provider back to where the user wanted to go, and leaves no cookie of the flow', async () => {
    const browser = new NetworkBrowser();
    expect(await browser.browse(at('/shop/cart?item=1&x=%2F'))).toMatchObject({
      url: at('/shop/cart?item=1&x=%2F'),
      status: 200,
    });
    expect(browser.jar.all.filter(({ name }) => name.includes('flow'))).toEqual([]);
  });

  it('never asks the sidecar again while the session is good', async () => {
    const browser = await loggedIn('/shop');
    const before = await running.counter(STREAMS);
    for (let times = 0; times < 50; times += 1) expect((await browser.visit(at('/shop'))).status).toBe(200);
    expect(await running.counter(STREAMS)).toBe(before);
    expect(before).toBeGreaterThan(0);
  });

  it('keeps its cookies from the back-end, and no others', async () => {
    const browser = await loggedIn('/shop');
    const cookie = `theme=dark; ${browser.jar.header(new URL(at('/'))) ?? ''}; lang=de`;
    expect(upstreamHeaders(await browser.visit(at('/shop'), { cookie })).get('cookie')).toBe('theme=dark; lang=de');
    expect(upstreamHeaders(await browser.visit(at('/shop'))).has('cookie')).toBe(false);
  });

  it('is refused to a script with 401', async () => {
    const browser = new NetworkBrowser();
    expect((await browser.visit(at('/api'), { accept: 'application/problem+json' })).status).toBe(401);
    expect((await browser.visit(at('/api'), { accept: 'text/html' })).status).toBe(302);
  });

  it('gives the back-end fresh tokens, whatever the client sends', async () => {
    const browser = await loggedIn('/tokens');
    const page = await browser.visit(at('/tokens'), { authorization: 'Bearer forged', 'x-id-token': 'forged' });
    expect(upstreamHeaders(page).get('authorization')).toMatch(/^Bearer [\w-]{22}$/u);
    expect(claimsOf(upstreamHeaders(page).get('x-id-token') ?? '')).toMatchObject({ sub: 'ada' });
  });

  it('works with tokens of 16 KB', async () => {
    const large = createHash('sha512').update('x').digest('base64url');
    const noise = Array.from({ length: 180 }, (_, index) =>
      createHash('sha512').update(`${large}${index}`).digest('base64url'),
    ).join('');
    expect(noise.length).toBeGreaterThan(15_000);
    provider.alter({ response: (body) => ({ ...body, access_token: noise }) });
    const browser = await loggedIn('/tokens');
    expect(upstreamHeaders(await browser.visit(at('/tokens'))).get('authorization')).toBe(`Bearer ${noise}`);
    expect(upstreamHeaders(await browser.visit(at('/tokens'))).has('cookie')).toBe(false);
  });

  it('ends at the logout, here and at the provider', async () => {
    const browser = await loggedIn('/shop');
    const page = await browser.visit(at('/shop/logout'));
    expect(page.location).toMatch(new RegExp(`^${provider.issuer}/logout\\?`, 'u'));
    expect(browser.jar.all.filter(({ name }) => name.startsWith('sluice-'))).toEqual([]);
    expect((await browser.visit(at('/shop'))).status).toBe(302);
  });
});

describe('what a session is good for', () => {
  it('is its own policy: with that of another one has to log in', async () => {
    const browser = await loggedIn('/shop');
    const [own] = browser.jar.all.filter(({ name }) => name.startsWith('sluice-session-'));
    const elsewhere = await loggedIn('/other');
    const [theirs] = elsewhere.jar.all.filter(({ name }) => name.startsWith('sluice-session-'));
    expect(own?.name).not.toBe(theirs?.name);
    const cookie = `${theirs?.name}=${own?.value}`;
    expect((await new NetworkBrowser().visit(at('/other'), { cookie })).status).toBe(302);
  });

  it('is what its claims allow', async () => {
    expect((await (await loggedIn('/admin', 'ada')).visit(at('/admin'))).status).toBe(200);
    expect((await (await loggedIn('/admin', 'bob')).visit(at('/admin'))).status).toBe(403);
  });

  it('is nothing when it was changed', async () => {
    const session = sessionOf(await loggedIn('/admin', 'bob'));
    const [head = '', payload = '', signature = ''] = session.split('.');
    const claims = { ...claimsOf(session), realm: { role: 'admin' } };
    const forged = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    const [cookie] = (await loggedIn('/admin', 'bob')).jar.all.filter(({ name }) => name.startsWith('sluice-session-'));
    for (const value of [forged, `${head}.${payload}.`, `${session}A`, session.slice(0, -4), 'x']) {
      const page = await new NetworkBrowser().visit(at('/admin'), { cookie: `${cookie?.name}=${value}` });
      expect([value.length, page.status]).toEqual([value.length, 302]);
    }
  });

  it('is not needed by who brings a token, where the policy says so', async () => {
    const good = `Bearer ${robots.token({ sub: 'robot', exp: 4_102_444_800 })}`;
    const browser = new NetworkBrowser();
    const page = await browser.visit(at('/robots'), { authorization: good, 'x-user': 'forged' });
    expect([page.status, upstreamHeaders(page).get('x-user')]).toEqual([200, 'robot']);
    expect((await browser.visit(at('/robots'), { authorization: 'Bearer x' })).status).toBe(401);
    expect((await browser.visit(at('/robots'))).status).toBe(302);
  });

  it('is that of the ID token, for a provider of jwt that takes it from the cookie of the login', async () => {
    const browser = await loggedIn('/robots');
    expect(upstreamHeaders(await browser.visit(at('/robots'), { 'x-user': 'forged' })).get('x-user')).toBe(
      'ada@example.com',
    );
  });
});

describe("a filter of a user's behind a login", () => {
  it('sees requests with a session alone, and the back-end gets no cookie of the gateway all the same', async () => {
    const before = seen;
    const stranger = new NetworkBrowser();
    for (const path of ['/filtered', '/filtered/callback?state=x', '/filtered/logout']) await stranger.visit(at(path));
    expect(seen).toBe(before);
    const browser = await loggedIn('/filtered');
    expect(seen).toBe(before + 1);
    const cookie = `a=b; ${browser.jar.header(new URL(at('/'))) ?? ''}`;
    expect(upstreamHeaders(await browser.visit(at('/filtered'), { cookie })).get('cookie')).toBe('a=b');
  });

  it('cannot lead a request without a session past the login', async () => {
    const browser = await loggedIn('/filtered');
    const before = running.echo.count();
    expect((await browser.visit(at('/filtered'), { 'x-take': 'yes' })).status).toBe(503);
    expect(running.echo.count()).toBe(before);
  });
});

describe('no secret', () => {
  it('is in what Envoy or the controller shows', async () => {
    await loggedIn('/shop');
    const shown = await running.envoyConfiguration();
    const ir = await fetch(`http://${running.site.admin}/sluice.admin.v1.Admin/GetIr`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ proxy: 'default/shop' }),
    }).then((response) => response.text());
    expect(shown).toContain('sluice.sidecar');
    expect(ir).toContain('clientSecret');
    for (const text of [shown, ir, JSON.stringify(running.site.log())]) {
      expect(text).not.toMatch(/"secret"|PRIVATE KEY|client-secret.{1,20}secret/u);
    }
  });
});

describe('at the end of a session', () => {
  it('50 requests at the same time are all answered, and the session is renewed once', async () => {
    provider.alter({ response: (body) => ({ ...body, expires_in: 1 }) });
    const browser = await loggedIn('/shop');
    provider.alter({});
    const cookie = browser.jar.header(new URL(at('/'))) ?? '';
    const { exp } = claimsOf(sessionOf(browser)) ?? {};
    await until('the session has ended', () => Date.now() / 1000 > Number(exp) + 0.1);
    const before = provider.grants.get('refresh_token') ?? 0;
    const pages = await Promise.all(
      Array.from({ length: 50 }, () => new NetworkBrowser().visit(at('/shop'), { cookie })),
    );
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([200]));
    expect(provider.grants.get('refresh_token')).toBe(before + 1);
    expect(pages.every(({ setCookies }) => setCookies.some((text) => text.startsWith('sluice-session-')))).toBe(true);
  });
});

describe('a sidecar that is not there', () => {
  const sidecar = (): number => running.site.records('sidecar')[0]?.pid ?? 0;

  it('stopped under load: who has a session is served, everybody else is 503, and nobody gets in', async () => {
    const browser = await loggedIn('/shop');
    const pid = sidecar();
    process.kill(pid, 'SIGSTOP');
    try {
      const before = running.echo.count();
      const strangers = Array.from({ length: 20 }, () => new NetworkBrowser().visit(at('/shop')));
      const known = Array.from({ length: 20 }, () => browser.visit(at('/shop')));
      expect(new Set((await Promise.all(known)).map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set((await Promise.all(strangers)).map(({ status }) => status))).toEqual(new Set([503]));
      expect(running.echo.count()).toBe(before + 20);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('logins again', async () => (await new NetworkBrowser().visit(at('/shop'))).status === 302);
  });

  it('killed under load: the same, and it comes back knowing everything', async () => {
    const browser = await loggedIn('/shop');
    const statuses = new Set<number>();
    const over = new AbortController();
    const load = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) statuses.add((await new NetworkBrowser().visit(at('/shop'))).status);
    });
    const known = (async () => {
      while (!over.signal.aborted) expect((await browser.visit(at('/shop'))).status).toBe(200);
    })();
    for (let times = 0; times < 3; times += 1) {
      const pid = sidecar();
      process.kill(pid, 'SIGKILL');
      await until('another sidecar', () => sidecar() !== pid && sidecar() !== 0);
      await sleep(200);
    }
    over.abort();
    await Promise.all([...load, known]);
    expect([...statuses.difference(new Set([302, 503]))]).toEqual([]);
    await until('logins again', async () => (await new NetworkBrowser().visit(at('/shop'))).status === 302);
    await loggedIn('/shop');
  });
});

describe('a controller that starts anew', () => {
  it('has the same keys: sessions outlive it', async () => {
    const browser = await loggedIn('/shop');
    running.site.signal('SIGKILL');
    await running.site.ended();
    expect((await browser.visit(at('/shop'))).status).toBe(200);
    await running.site.start();
    expect((await browser.visit(at('/shop'))).status).toBe(200);
    expect((await new NetworkBrowser().browse(at('/shop'))).status).toBe(200);
    expect(join(running.site.state, 'login-keys.json')).toBeTruthy();
  });
});
