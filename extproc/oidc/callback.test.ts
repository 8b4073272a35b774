import { describe, expect, test } from 'vitest';
import { CALLBACK, cookieOf, OURS, testProvider, untilCallback } from '../testing/oidc-fixture.ts';
import { GATEWAY, oidcClient, oidcWorld } from '../testing/oidc-world.ts';

const provider = testProvider();

describe('who would log in somebody else', () => {
  test('cannot hand their own callback to a browser that began no login (login CSRF)', async () => {
    const shared = provider.world();
    const attacker = shared.browser();
    const callback = await untilCallback(attacker);
    const victim = shared.browser();
    const asked = provider.grants('authorization_code');
    expect(await victim.visit(callback)).toMatchObject({ status: 401 });
    expect(victim.jar.named(OURS, 'sluice-')).toEqual([]);
    expect(provider.grants('authorization_code')).toBe(asked);
  });

  test('nor to one that is in the middle of a login of its own', async () => {
    const shared = provider.world();
    const callback = await untilCallback(shared.browser());
    const victim = shared.browser();
    await victim.visit('/orders');
    const asked = provider.grants('authorization_code');
    const again = await victim.visit(callback);
    expect(again).toMatchObject({ status: 302, location: expect.stringContaining('/authorize') });
    expect(victim.jar.named(OURS, 'sluice-session')).toEqual([]);
    expect(provider.grants('authorization_code')).toBe(asked);
    // Once more would be a loop.
    expect(await victim.visit(callback)).toMatchObject({ status: 401 });
  });

  test('cannot change who somebody is who has a session', async () => {
    const shared = provider.world();
    const callback = await untilCallback(shared.browser());
    const victim = shared.browser();
    await victim.browse('/');
    const before = cookieOf(victim, 'sluice-session').value;
    expect(await victim.visit(callback)).toMatchObject({ status: 302, location: `${GATEWAY}/orders?page=2` });
    expect(cookieOf(victim, 'sluice-session').value).toBe(before);
  });

  test('cannot use a callback twice', async () => {
    const shared = provider.world();
    const browser = shared.browser();
    const callback = await untilCallback(browser);
    const [flow] = browser.jar.named(OURS, 'sluice-flow');
    expect(await browser.visit(callback)).toMatchObject({ status: 302 });
    const thief = shared.browser();
    if (flow !== undefined) thief.jar.put(flow);
    const asked = provider.grants('authorization_code');
    expect(await thief.visit(callback)).toMatchObject({ status: 401 });
    expect(provider.grants('authorization_code')).toBe(asked);
  });

  test('cannot choose where the user is sent to (open redirect)', async () => {
    const shared = provider.world();
    for (const path of ['//evil.test/', '/\\evil.test', '/..//evil.test', '/@evil.test', '/%09/evil.test']) {
      const browser = shared.browser();
      const sent = await browser.visit(GATEWAY + path, { ':path': path });
      const back = await browser.visit(sent.location ?? '');
      const { location = '' } = await browser.visit(back.location ?? '');
      expect(new URL(location).origin).toBe(GATEWAY);
    }
    const browser = shared.browser();
    const sent = await browser.visit('/', { ':authority': 'evil.test', 'x-forwarded-proto': 'http' });
    // The provider does not know that place.
    expect((await browser.visit(sent.location ?? '')).status).toBe(400);
  });

  test('cannot be sent to another host than that of the callback', async () => {
    const shared = provider.world({ redirectUrl: CALLBACK });
    const browser = shared.browser();
    const sent = await browser.visit('/orders', { ':authority': 'evil.test' });
    const back = await browser.visit(sent.location ?? '');
    expect(await browser.visit(back.location ?? '')).toMatchObject({ status: 302, location: `${GATEWAY}/` });
  });

  test('is sent to another host of the domain that the cookies are for', async () => {
    const base = oidcClient(provider.now.issuer, { redirectUrl: CALLBACK });
    const browser = oidcWorld([{ ...base, cookies: { ...base.cookies, domain: 'test' } }]).browser();
    const sent = await browser.visit('/orders', { ':authority': 'books.test' });
    const back = await browser.visit(sent.location ?? '');
    expect(await browser.visit(back.location ?? '')).toMatchObject({ location: 'http://books.test/orders' });
  });
});

describe('a provider that lies', () => {
  const refused = async (): Promise<void> => {
    const browser = provider.world().browser();
    expect(await browser.browse('/')).toMatchObject({ status: 401, url: expect.stringContaining(CALLBACK) });
    expect(browser.jar.named(OURS, 'sluice-')).toEqual([]);
  };

  test.each([
    ['a nonce of another login', { nonce: 'another' }],
    ['no nonce', { nonce: undefined }],
    ['another audience', { aud: 'another' }],
    ['audiences of which we are one, but for somebody else', { aud: ['shop', 'another'], azp: 'another' }],
    ['another issuer', { iss: 'https://another.example' }],
    ['an end in the past', { exp: 1_000_000_000 }],
    ['no end', { exp: undefined }],
    ['no subject', { sub: undefined }],
    ['a beginning far in the future', { nbf: 4_000_000_000 }],
  ])('about the ID token: %s', async (_, claims) => {
    provider.now.alter({ idToken: (before) => ({ ...before, ...claims }) });
    await refused();
  });

  test.each<readonly [string, (token: string) => string]>([
    ['with the end changed', (token) => token.slice(0, -8) + (token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA')],
    ['by nobody', (token) => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`],
    ['that is none', () => 'no token'],
  ])('about its signature: %s', async (_, change) => {
    provider.now.alter({
      response: (body) => ({ ...body, id_token: change(String(body['id_token'])) }),
    });
    await refused();
  });

  test.each<readonly [string, (body: object) => object]>([
    ['no ID token', (body) => ({ ...body, id_token: undefined })],
    ['no access token', (body) => ({ ...body, access_token: undefined })],
    ['another type of token', (body) => ({ ...body, token_type: 'mac' })],
    ['an error', () => ({ error: 'invalid_grant' })],
    ['nothing', () => ({})],
  ])('about the tokens: %s', async (_, response) => {
    provider.now.alter({ response });
    await refused();
  });

  test('by swapping the state of two logins', async () => {
    const shared = provider.world();
    const [one, two] = [shared.browser(), shared.browser()];
    const ofTwo = new URL(await untilCallback(two)).searchParams.get('state') ?? '';
    provider.now.alter({ callback: (query) => new URLSearchParams({ ...Object.fromEntries(query), state: ofTwo }) });
    expect(await one.browse('/')).toMatchObject({ status: 401, url: expect.stringContaining(CALLBACK) });
    expect(one.jar.named(OURS, 'sluice-')).toEqual([]);
  });

  test('by swapping the codes of two logins of one browser', async () => {
    const browser = provider.world().browser();
    const first = new URL(await untilCallback(browser));
    const second = new URL(await untilCallback(browser));
    second.searchParams.set('code', first.searchParams.get('code') ?? '');
    expect(await browser.visit(second.href)).toMatchObject({ status: 401 });
  });

  test('by replaying a code', async () => {
    const browser = provider.world().browser();
    const first = new URL(await untilCallback(browser));
    await browser.visit(first.href);
    browser.jar.drop('sluice-');
    const second = new URL(await untilCallback(browser));
    second.searchParams.set('code', first.searchParams.get('code') ?? '');
    expect(await browser.visit(second.href)).toMatchObject({ status: 401 });
    expect(browser.jar.named(OURS, 'sluice-session')).toEqual([]);
  });

  test('about who it is (RFC 9207)', async () => {
    provider.now.alter({
      callback: (query) => new URLSearchParams({ ...Object.fromEntries(query), iss: 'https://x.example' }),
    });
    await refused();
  });

  test('by refusing: 401, and no cookie is left', async () => {
    provider.now.alter({
      callback: (query) => new URLSearchParams({ error: 'access_denied', state: query.get('state') ?? '' }),
    });
    await refused();
  });
});
