import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { automatonConfig } from '#controller/features/match/config.ts';
import { compileRegex } from '#controller/regex/automaton.ts';
import { schema } from '#proto/load.ts';
import { CALLBACK, cookieOf, OURS, testProvider, TTL, untilCallback } from '../testing/oidc-fixture.ts';
import { GATEWAY, oidcClient, oidcWorld } from '../testing/oidc-world.ts';
import { claimsOf } from './claims.ts';
import { headerTest } from './header-test.ts';

const provider = testProvider();

function regex(pattern: string) {
  const compiled = compileRegex(pattern);
  if (!compiled.ok) throw new Error(compiled.refusal.message);
  return create(schema('sluice.filter.v1.Automaton'), automatonConfig(compiled.value));
}

describe('a login', () => {
  test('leads over the provider back to where the user wanted to go', async () => {
    const browser = provider.world().browser();
    const page = await browser.browse('/orders?page=2');
    expect(page).toMatchObject({ url: `${GATEWAY}/orders?page=2`, status: 200 });
    expect(page.upstream).toBeDefined();
  });

  test('asks the provider by the authorization code flow with PKCE', async () => {
    const browser = provider.world({ resources: ['https://api.example', 'https://more.example'] }).browser();
    const { status, location = '' } = await browser.visit('/');
    expect(status).toBe(302);
    const { searchParams, origin, pathname } = new URL(location);
    expect(origin + pathname).toBe(`${provider.now.issuer}/authorize`);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'shop',
      redirect_uri: CALLBACK,
      scope: 'openid profile',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/u),
      nonce: expect.stringMatching(/^[\w-]{22}$/u),
    });
    expect(searchParams.getAll('resource')).toEqual(['https://api.example', 'https://more.example']);
  });

  test('tells the provider nothing of where the user wanted to go', async () => {
    const { location = '' } = await provider.world().browser().visit('/secret-place');
    const state = new URL(location).searchParams.get('state') ?? '';
    expect(Buffer.from(state, 'base64url').toString('latin1')).not.toContain('secret-place');
  });

  test('puts the claims that the policy asks for into the session, and no others', async () => {
    const browser = provider.world().browser();
    await browser.browse('/');
    expect(claimsOf(cookieOf(browser, 'sluice-session').value)).toEqual({
      iss: 'sluice',
      aud: 'default/shop#session',
      sub: 'ada',
      email: 'ada@example.com',
      realm: { roles: ['admin'] },
      sluice_sid: expect.any(String),
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
  });

  test('has the scope of the access token among the claims, where the policy asks for it', async () => {
    const base = oidcClient(provider.now.issuer);
    const claims = [['scope'], ['scp']];
    const scoped = { ...base, session: { ...base.session, claims } };
    const scopeIn = async (): Promise<unknown> => {
      const browser = oidcWorld([scoped]).browser();
      await browser.browse('/');
      return claimsOf(cookieOf(browser, 'sluice-session').value)?.['scope'];
    };
    expect(await scopeIn()).toBe('openid profile');
    provider.now.alter({ response: (body) => ({ ...body, scope: 'openid read' }) });
    expect(await scopeIn()).toBe('openid read');
  });

  test('ends with the access token', async () => {
    const browser = provider.world().browser();
    await browser.browse('/');
    const { iat, exp } = claimsOf(cookieOf(browser, 'sluice-session').value) ?? {};
    expect(Number(exp) - Number(iat)).toBe(TTL);
    expect(cookieOf(browser, 'sluice-session').text).toContain('Max-Age=300;');
    expect(cookieOf(browser, 'sluice-tokens').text).toContain('Max-Age=604800;');
  });

  test('leaves no cookie of the flow behind', async () => {
    const browser = provider.world().browser();
    await browser.visit('/one');
    await browser.visit('/two');
    await browser.browse('/three');
    expect(browser.jar.named(OURS, 'sluice-flow')).toEqual([]);
  });

  test('keeps its cookies from scripts, from other paths, and from http where it came by https', async () => {
    const browser = provider.world({ redirectUrl: CALLBACK }).browser();
    const { setCookies } = await browser.visit('/', { 'x-forwarded-proto': 'https' });
    expect(setCookies).toEqual([
      expect.stringMatching(
        /^sluice-flow-a-\d+=[\w-]+; Path=\/oauth2\/callback; Max-Age=600; SameSite=Lax; Secure; HttpOnly$/u,
      ),
    ]);
  });

  test('may be under way in several tabs: each ends where it began', async () => {
    const browser = provider.world().browser();
    // More than there are places for: some of them lose theirs to others.
    const tabs = Array.from({ length: 40 }, (_, tab) => tab);
    const callbacks: string[] = [];
    for (const tab of tabs) callbacks.push(await untilCallback(browser, `/tab/${tab}`));
    const pages = [];
    for (const callback of callbacks) pages.push(await browser.browse(callback));
    expect(pages.map(({ url, status }) => [url, status])).toEqual(tabs.map((tab) => [`${GATEWAY}/tab/${tab}`, 200]));
  });

  test('is bounded in number', async () => {
    const browser = provider.world().browser();
    for (let more = 0; more < 200; more += 1) await browser.visit('/');
    const flows = browser.jar.named(OURS, 'sluice-flow');
    expect(flows.length).toBeLessThanOrEqual(32);
    expect(flows.reduce((size, { name, value }) => size + name.length + value.length + 3, 0)).toBeLessThan(16_384);
  });

  test('is refused to a script that the policy names, with 401', async () => {
    const denyRedirect = [
      headerTest('x-requested-with', { case: 'exact', value: 'XMLHttpRequest' }),
      headerTest('sec-fetch-mode', { case: 'regex', value: regex('cors|no-cors') }),
      headerTest('accept', { case: 'prefix', value: 'application/' }),
      headerTest('user-agent', { case: 'suffix', value: 'Bot' }),
    ];
    const browser = provider.world({ denyRedirect }).browser();
    expect((await browser.visit('/', { 'x-requested-with': 'XMLHttpRequest' })).status).toBe(401);
    expect((await browser.visit('/', { 'sec-fetch-mode': 'cors' })).status).toBe(401);
    expect((await browser.visit('/', { accept: 'application/json' })).status).toBe(401);
    expect((await browser.visit('/', { 'user-agent': 'AnyBot' })).status).toBe(401);
    expect((await browser.visit('/', { 'sec-fetch-mode': 'navigate', accept: 'text/html' })).status).toBe(302);
  });

  test('returns by a page where cookies are for the same site alone', async () => {
    const base = oidcClient(provider.now.issuer);
    const browser = oidcWorld([{ ...base, cookies: { ...base.cookies, sameSite: 'Strict' } }]).browser();
    const page = await browser.browse('/orders?a="&b=<i>');
    expect(page).toMatchObject({ status: 200, location: undefined });
    expect(page.body).toContain('content="0; url=http://shop.test/orders?a=%22&#38;b=%3Ci%3E"');
    expect(page.setCookies.filter((text) => text.startsWith('sluice-session'))).toEqual([
      expect.stringContaining('SameSite=Strict'),
    ]);
  });

  test('has tokens as they are in cookies where the policy says so', async () => {
    const base = oidcClient(provider.now.issuer);
    const cookies = { ...base.cookies, plainAccessToken: 'AccessToken', plainIdToken: 'IdToken' };
    const browser = oidcWorld([{ ...base, cookies }]).browser();
    await browser.browse('/');
    expect(claimsOf(cookieOf(browser, 'IdToken').value)).toMatchObject({ iss: provider.now.issuer, sub: 'ada' });
    expect(cookieOf(browser, 'AccessToken').value).not.toBe('');
  });

  test('works with tokens of 16 KB', async () => {
    // Tokens are signed and hardly compress.
    const noise = Buffer.from(Array.from({ length: 12_000 }, () => Math.floor(Math.random() * 256))).toString(
      'base64url',
    );
    provider.now.alter({ response: (body) => ({ ...body, access_token: noise }) });
    const forwarding = { forwardsAccessToken: true };
    const browser = provider.world(forwarding).browser();
    const page = await browser.browse('/');
    expect(page.upstream?.get('authorization')).toBe(`Bearer ${noise}`);
    const cookies = browser.jar.named(OURS, 'sluice-');
    expect(Math.max(...cookies.map(({ text }) => text.length))).toBeLessThan(4_096);
    expect(cookies.reduce((size, { value }) => size + value.length, 0)).toBeLessThan(40_000);
  });

  test('is refused when the tokens would make requests too large', async () => {
    provider.now.alter({
      response: (body) => ({
        ...body,
        access_token: 'x'.repeat(60_000).replaceAll('x', () => Math.random().toString(36)[2] ?? 'x'),
      }),
    });
    const browser = provider.world().browser();
    expect(await browser.browse('/')).toMatchObject({ status: 401 });
    expect(browser.jar.named(OURS, 'sluice-')).toEqual([]);
  });
});

describe('a logout', () => {
  test('ends the session here and at the provider', async () => {
    const browser = provider.world().browser();
    await browser.browse('/');
    const page = await browser.visit('/logout');
    const { origin, pathname, searchParams } = new URL(page.location ?? '');
    expect(origin + pathname).toBe(`${provider.now.issuer}/logout`);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      client_id: 'shop',
      post_logout_redirect_uri: `${GATEWAY}/`,
    });
    expect(claimsOf(searchParams.get('id_token_hint') ?? '')).toMatchObject({ sub: 'ada' });
    expect(browser.jar.named(OURS, 'sluice-')).toEqual([]);
  });

  test('leads home where the provider does not say how', async () => {
    const base = oidcClient(provider.now.issuer);
    const local = { ...base, provider: { ...base.provider, endSessionEndpoint: undefined } };
    const browser = oidcWorld([local]).browser();
    await browser.browse('/');
    expect(await browser.visit('/logout?next=https://evil.test')).toMatchObject({
      status: 302,
      location: `${GATEWAY}/`,
    });
  });
});
