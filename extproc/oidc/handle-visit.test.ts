import { describe, expect, test } from 'vitest';
import { changed, clock, cookieOf, OURS, testProvider, TTL, untilCallback } from '../testing/oidc-fixture.ts';
import { GATEWAY, oidcClient, oidcWorld, type OidcWorldOptions } from '../testing/oidc-world.ts';
import { claimsOf } from './claims.ts';
import { headerTest } from './header-test.ts';

const provider = testProvider();

describe('a cookie', () => {
  test.each(['sluice-session', 'sluice-tokens'])("%s that was changed is nobody's", async (prefix) => {
    const browser = provider.world().browser();
    await browser.browse('/');
    browser.jar.drop(prefix === 'sluice-session' ? 'sluice-tokens' : 'sluice-session');
    browser.jar.put(changed(cookieOf(browser, prefix)));
    expect(await browser.visit('/')).toMatchObject({ status: 302, location: expect.stringContaining('/authorize') });
    expect(browser.jar.named(OURS, prefix)).toEqual([]);
  });

  test('of a flow that was changed ends no login', async () => {
    const browser = provider.world().browser();
    const callback = await untilCallback(browser);
    browser.jar.put(changed(cookieOf(browser, 'sluice-flow')));
    expect(await browser.visit(callback)).toMatchObject({ status: 401 });
  });

  test.each(['session', 'tokens'])("of %s of another policy is nobody's", async (kind) => {
    const browser = provider.world().browser();
    await browser.browse('/');
    for (const cookie of browser.jar.named(OURS, `sluice-${kind}-a`)) {
      browser.jar.put({ ...cookie, name: cookie.name.replace(`${kind}-a`, `${kind}-b`) });
    }
    expect(await browser.visit('/other')).toMatchObject({
      status: 302,
      location: expect.stringContaining('/authorize'),
    });
  });

  test('of a flow of another policy ends no login', async () => {
    const browser = provider.world().browser();
    const callback = new URL(await untilCallback(browser));
    const flow = cookieOf(browser, 'sluice-flow');
    browser.jar.put({ ...flow, name: flow.name.replace('flow-a', 'flow-b'), path: '/' });
    expect(await browser.visit(`/other/callback${callback.search}`)).toMatchObject({ status: 401 });
  });

  test('with the tokens of one user and the session of another is of no use', async () => {
    const shared = provider.world({ forwardsAccessToken: true });
    const [ada, bob] = [shared.browser(), shared.browser()];
    await ada.browse('/');
    const sent = await bob.visit('/');
    const back = await bob.visit(`${sent.location}&user=bob`);
    await bob.visit(back.location ?? '');
    expect(claimsOf(cookieOf(bob, 'sluice-session').value)).toMatchObject({ sub: 'bob' });
    for (const cookie of bob.jar.named(OURS, 'sluice-tokens')) ada.jar.put(cookie);
    expect(await ada.visit('/')).toMatchObject({ status: 302, location: expect.stringContaining('/authorize') });
  });

  test('that another host of the domain set beside the session is left out', async () => {
    const browser = provider.world().browser();
    await browser.browse('/');
    const { name, value } = cookieOf(browser, 'sluice-session');
    const page = await browser.visit('/', { cookie: `${name}=forged; a=b; ${name}=${value}` });
    expect(page.upstream?.get('cookie')).toBe(`a=b; ${name}=${value}`);
  });

  test('of anybody else goes on as it is', async () => {
    const browser = provider.world().browser();
    await browser.browse('/');
    const shown = browser.jar.header(new URL(GATEWAY)) ?? '';
    const page = await browser.visit('/', { cookie: `theme=dark; ${shown}; x=y=z` });
    expect(page.upstream?.get('cookie')).toMatch(/^theme=dark; .*; x=y=z$/u);
  });
});

describe('a session that has ended', () => {
  test('is renewed with the refresh token, and the request goes on', async () => {
    const time = clock();
    const browser = provider.world({}, time).browser();
    await browser.browse('/');
    time.pass(TTL + 1);
    const page = await browser.visit('/orders');
    expect(page.upstream?.get('cookie')).toContain(cookieOf(browser, 'sluice-session').value);
    expect(page.setCookies.map((text) => text.split('=')[0])).toEqual(['sluice-session-a', 'sluice-tokens-a.0']);
  });

  test('is renewed once for 50 requests at the same time, and for those that come a little later with the old cookies', async () => {
    const time = clock();
    const browser = provider.world({}, time).browser();
    await browser.browse('/');
    time.pass(TTL + 1);
    const cookie = browser.jar.header(new URL(GATEWAY)) ?? '';
    const before = provider.grants('refresh_token');
    const pages = await Promise.all(Array.from({ length: 50 }, () => browser.visit('/orders', { cookie })));
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([200]));
    time.pass(5);
    expect(await browser.visit('/late', { cookie })).toMatchObject({ status: 200 });
    expect(provider.grants('refresh_token')).toBe(before + 1);
  });

  test('is renewed again and again, as refresh tokens change', async () => {
    const time = clock();
    const browser = provider.world({}, time).browser();
    await browser.browse('/');
    for (let times = 0; times < 4; times += 1) {
      time.pass(TTL + 1);
      expect(await browser.visit('/')).toMatchObject({ status: 200 });
    }
  });

  test('is a new login where the provider refuses to renew it', async () => {
    const time = clock();
    const browser = provider.world({}, time).browser();
    await browser.browse('/');
    time.pass(TTL + 1);
    provider.now.alter({ response: () => ({ error: 'invalid_grant' }) });
    expect(await browser.visit('/')).toMatchObject({ status: 302 });
    expect(browser.jar.named(OURS, 'sluice-tokens')).toEqual([]);
  });

  test('is 401 for a script where it cannot be renewed', async () => {
    const time = clock();
    const denyRedirect = [headerTest('accept', { case: 'exact', value: 'application/json' })];
    const browser = provider.world({ denyRedirect }, time).browser();
    await browser.browse('/');
    time.pass(TTL + 1);
    provider.now.alter({ response: () => ({ error: 'invalid_grant' }) });
    expect(await browser.visit('/', { accept: 'application/json' })).toMatchObject({ status: 401 });
  });

  test('is not renewed for another user', async () => {
    const time = clock();
    const browser = provider.world({}, time).browser();
    await browser.browse('/');
    time.pass(TTL + 1);
    provider.now.alter({ idToken: (claims) => ({ ...claims, sub: 'bob' }) });
    expect(await browser.visit('/')).toMatchObject({ status: 302 });
  });

  test('is a new login where the policy renews none', async () => {
    const time = clock();
    const base = oidcClient(provider.now.issuer);
    const browser = oidcWorld([{ ...base, session: { ...base.session, refresh: false } }], time).browser();
    await browser.browse('/');
    const before = provider.grants('refresh_token');
    time.pass(TTL + 1);
    expect(await browser.visit('/')).toMatchObject({ status: 302 });
    expect(provider.grants('refresh_token')).toBe(before);
  });

  test('is a new login once the refresh token has ended, too', async () => {
    const time = clock();
    const browser = provider.world({}, time).browser();
    await browser.browse('/');
    time.pass(604_801);
    expect(await browser.visit('/')).toMatchObject({ status: 302 });
  });

  test('is made anew from the tokens alone when only its cookie is gone', async () => {
    const browser = provider.world().browser();
    await browser.browse('/');
    browser.jar.drop('sluice-session');
    const before = provider.grants('refresh_token');
    expect(await browser.visit('/')).toMatchObject({ status: 200 });
    expect(cookieOf(browser, 'sluice-session').value).not.toBe('');
    expect(provider.grants('refresh_token')).toBe(before);
  });

  test('has the length that the policy gives where the provider gives none', async () => {
    provider.now.alter({ response: (body) => ({ ...body, expires_in: undefined }) });
    const base = oidcClient(provider.now.issuer);
    const browser = oidcWorld([{ ...base, session: { ...base.session, defaultTtl: 77 } }]).browser();
    await browser.browse('/');
    expect(cookieOf(browser, 'sluice-session').text).toContain('Max-Age=77;');
  });
});

describe('tokens', () => {
  test('go to the back-end in the place of whatever the client sent', async () => {
    const browser = provider.world({ forwardsAccessToken: true, idTokenHeader: 'x-id-token' }).browser();
    await browser.browse('/');
    const page = await browser.visit('/', { authorization: 'Bearer forged', 'x-id-token': 'forged' });
    expect(page.upstream?.get('authorization')).toMatch(/^Bearer (?!forged)/u);
    expect(claimsOf(page.upstream?.get('x-id-token') ?? '')).toMatchObject({ sub: 'ada' });
  });

  test('are fresh: one that has ended is renewed first', async () => {
    const time = clock();
    const browser = provider.world({ forwardsAccessToken: true }, time).browser();
    const before = (await browser.browse('/')).upstream?.get('authorization');
    time.pass(TTL + 1);
    const after = (await browser.visit('/')).upstream?.get('authorization');
    expect(after).toMatch(/^Bearer /u);
    expect(after).not.toBe(before);
  });

  test('that are the ID token go into Authorization as Bearer', async () => {
    const browser = provider.world({ idTokenHeader: 'authorization' }).browser();
    const page = await browser.browse('/');
    expect(page.upstream?.get('authorization')).toMatch(/^Bearer ey/u);
  });
});

describe('a provider that is down', () => {
  const down: OidcWorldOptions['fetch'] = async () => {
    const { Unreachable } = await import('./unreachable.ts');
    throw new Unreachable('nobody is there');
  };

  test('makes the end of a login 503, and it can be ended later', async () => {
    let isDown = true;
    const fetchWhileUp: NonNullable<OidcWorldOptions['fetch']> = (url, request) =>
      isDown ? down(url, request) : fetch(url, { ...request, body: request.body ?? null, signal: null });
    const browser = provider.world({}, { fetch: fetchWhileUp }).browser();
    const callback = await untilCallback(browser);
    expect(await browser.visit(callback)).toMatchObject({ status: 503 });
    isDown = false;
    expect(await browser.browse(callback)).toMatchObject({ status: 200, url: `${GATEWAY}/orders?page=2` });
  });

  test('makes a renewal 503, and the session is not lost', async () => {
    const time = clock();
    let isDown = false;
    const fetchWhileUp: NonNullable<OidcWorldOptions['fetch']> = (url, request) =>
      isDown ? down(url, request) : fetch(url, { ...request, body: request.body ?? null, signal: null });
    const browser = provider.world({}, { ...time, fetch: fetchWhileUp }).browser();
    await browser.browse('/');
    time.pass(TTL + 1);
    isDown = true;
    expect(await browser.visit('/')).toMatchObject({ status: 503, setCookies: [] });
    isDown = false;
    expect(await browser.visit('/')).toMatchObject({ status: 200 });
  });

  test('is one whose servers fail', async () => {
    const failing: OidcWorldOptions['fetch'] = () => Promise.resolve(new Response('oops', { status: 502 }));
    const browser = provider.world({}, { fetch: failing }).browser();
    expect(await browser.visit(await untilCallback(browser))).toMatchObject({ status: 503 });
  });
});
