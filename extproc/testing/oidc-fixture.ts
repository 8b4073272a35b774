import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type IdentityProvider, startIdentityProvider } from '#deploy/setup/identity-provider/identity-provider.ts';
import type { OidcClient } from '../oidc/client.ts';
import type { KeptCookie } from './cookie-jar.ts';
import { type Browser, GATEWAY, oidcClient, type OidcWorld, oidcWorld, type OidcWorldOptions } from './oidc-world.ts';

/** Where providers send browsers back to. */
export const CALLBACK = `${GATEWAY}/oauth2/callback`;
/** How long access tokens are good here. Seconds. */
export const TTL = 300;
/** The host of the gateway. */
export const OURS = 'shop.test';

/** A second policy, which serves what is below /other. */
const OTHER: Partial<OidcClient> = {
  callbackPath: '/other/callback',
  cookies: {
    session: 'sluice-session-b',
    tokens: 'sluice-tokens-b',
    flow: 'sluice-flow-b',
    domain: '',
    sameSite: '',
    plainAccessToken: undefined,
    plainIdToken: undefined,
  },
};

/** A provider for the tests of a file. */
export interface TestProvider {
  readonly now: IdentityProvider;
  /** How often tokens were asked for by a kind of grant. */
  grants(kind: 'authorization_code' | 'refresh_token'): number;
  /** Two policies whose users log in there. */
  world(more?: Partial<OidcClient>, options?: OidcWorldOptions): OidcWorld;
}

/** Starts a provider before the tests of a file, tells the truth again before each, and stops it after them. */
export function testProvider(): TestProvider {
  let provider: IdentityProvider | undefined;
  const running = (): IdentityProvider => {
    if (provider === undefined) throw new Error('the provider is not started yet');
    return provider;
  };
  beforeAll(async () => {
    provider = await startIdentityProvider({
      port: 0,
      clientId: 'shop',
      clientSecret: 'a-secret_~ %:',
      redirectUris: [CALLBACK],
      users: {
        ada: { email: 'ada@example.com', realm: { roles: ['admin'], secret: 1 } },
        bob: { email: 'bob@example.com' },
      },
      ttl: TTL,
    });
  });
  afterAll(() => provider?.stop());
  beforeEach(() => provider?.alter({}));
  return {
    get now() {
      return running();
    },
    grants: (kind) => running().grants.get(kind) ?? 0,
    world: (more = {}, options = {}) => {
      const { issuer } = running();
      const clients = [oidcClient(issuer, more), oidcClient(issuer, { ...more, ...OTHER }, 'default/other')];
      return oidcWorld(clients, options);
    },
  };
}

/** A clock that goes on faster when it is told to. */
export function clock(): { readonly now: () => number; readonly pass: (seconds: number) => void } {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    pass: (seconds) => {
      ahead += seconds * 1000;
    },
  };
}

/** Sends a browser to the provider and back, up to the callback, whose URL it gives. */
export async function untilCallback(browser: Browser, path = '/orders?page=2'): Promise<string> {
  const sent = await browser.visit(path);
  const back = await browser.visit(sent.location ?? '');
  return back.location ?? '';
}

/** The first cookie of the gateway whose name begins so. */
export function cookieOf(browser: Browser, prefix: string): KeptCookie {
  const [cookie] = browser.jar.named(OURS, prefix);
  if (cookie === undefined) throw new Error(`no cookie ${prefix}`);
  return cookie;
}

/** A cookie with another character in the middle. */
export function changed(cookie: KeptCookie): KeptCookie {
  const middle = Math.floor(cookie.value.length / 2);
  const other = cookie.value[middle] === 'A' ? 'B' : 'A';
  return { ...cookie, value: cookie.value.slice(0, middle) + other + cookie.value.slice(middle + 1) };
}
