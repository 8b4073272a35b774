import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimsOf } from '#extproc/oidc/claims.ts';
import { freePort, until } from '../process/sluice.ts';
import { callbacks, type LoginRoute, type LoginSite, startLoginSite } from './login-site.ts';
import { NetworkBrowser, upstreamHeaders } from './network-browser.ts';
import { type RealProvider, startRealProvider } from './real-provider.ts';

const ROUTES: readonly LoginRoute[] = [
  { name: 'shop', oidc: { scopes: ['openid', 'offline_access', 'email'], forwardIDToken: { header: 'x-id-token' } } },
];

let provider: RealProvider;
let running: LoginSite;
beforeAll(async () => {
  const port = await freePort();
  provider = await startRealProvider(await freePort(), callbacks(port, ROUTES));
  running = await startLoginSite(port, provider.issuer, ROUTES, 'a secret/with+characters%');
});
afterAll(async () => {
  await running.stop();
  await provider.stop();
});

describe('with a certified provider', () => {
  const shop = (): string => `${running.origin}/shop`;
  const sessionOf = (browser: NetworkBrowser): string =>
    browser.jar.all.find(({ name }) => name.startsWith('sluice-session-'))?.value ?? '';

  it('users log in, stay logged in as their tokens are renewed, and log out', async () => {
    const browser = new NetworkBrowser();
    const page = await browser.browse(`${shop()}/cart`);
    expect(page).toMatchObject({ status: 200, url: `${shop()}/cart` });
    const first = claimsOf(upstreamHeaders(page).get('x-id-token') ?? '');
    expect(first).toMatchObject({ sub: 'ada', email: 'ada@example.com', iss: provider.issuer, aud: 'shop' });
    for (let times = 0; times < 2; times += 1) {
      const { exp } = claimsOf(sessionOf(browser)) ?? {};
      await until('the session has ended', () => Date.now() / 1000 > Number(exp) + 0.1);
      expect((await browser.visit(shop())).status).toBe(200);
      expect(Number(claimsOf(sessionOf(browser))?.['exp'])).toBeGreaterThan(Number(exp));
    }
    const logout = await browser.visit(`${running.origin}/shop/logout`);
    const end = new URL(logout.location ?? '');
    expect([end.origin, end.pathname]).toEqual([provider.issuer, '/session/end']);
    expect((await browser.visit(end.href)).status).toBe(200);
    expect((await browser.visit(shop())).status).toBe(302);
  });
});
