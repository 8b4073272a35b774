import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdentityProvider, startIdentityProvider } from '#deploy/setup/identity-provider/identity-provider.ts';
import { NetworkBrowser } from '../login/network-browser.ts';
import { CLASS, gateway, route } from '../process/manifests.ts';
import { freePort, Site, until } from '../process/sluice.ts';
import { type EchoBackEnd, startEchoBackEnd } from './echo-back-end.ts';
import { seedPath, SEEDS_ARE_THERE } from './folder.ts';
import { selfSigned } from './self-signed.ts';

const ISSUER = 'https://accounts.google.com';
const CALLBACK = 'https://www.example.com/myapp/oauth2/callback';

/** The seed's policy with the fields of `oidc` where they belong. */
function corrected(): string {
  const seed = readFileSync(seedPath('004-17'), 'utf8');
  const [head = '', nested = '', tail = ''] = seed.split(/^(?= {6}clientID:)|^(?= {2}authorization:)/mu);
  const text = head + nested.replaceAll(/^ {2}/gmu, '') + tail;
  expect(text).not.toBe(seed);
  return text;
}

describe.runIf(SEEDS_ARE_THERE)("the seeds' SecurityPolicy with oidc and authorization", () => {
  let provider: IdentityProvider;
  let backEnd: EchoBackEnd;
  let site: Site;
  let browser: () => NetworkBrowser;
  beforeAll(async () => {
    const certificate = selfSigned('accounts.google.com');
    provider = await startIdentityProvider({
      port: 0,
      clientId: 'client1.apps.googleusercontent.com',
      clientSecret: 'secret',
      redirectUris: [CALLBACK],
      users: { ada: {} },
      ttl: 300,
      identity: { issuer: ISSUER, certificate: certificate['tls.crt'], key: certificate['tls.key'] },
    });
    backEnd = await startEchoBackEnd('foo');
    const port = await freePort();
    site = await Site.make({
      'policy.yaml': corrected(),
      'own.yaml': `${CLASS}${gateway('eg', port)}${route('http-route', 'eg', '/', backEnd.port)}---
apiVersion: v1
kind: Secret
metadata: { name: my-app-client-secret }
stringData: { client-secret: secret }
`,
    });
    const resolverOverrides = { 'accounts.google.com': `127.0.0.1:${provider.port}` };
    site.configure({ sluice: { resolverOverrides, caBundle: 'ca.pem' } }, { 'ca.pem': certificate['tls.crt'] });
    await site.start();
    const hosts = new Map([
      ['www.example.com', { port, tls: false }],
      ['accounts.google.com', { port: provider.port, tls: true }],
    ]);
    browser = () => new NetworkBrowser(hosts);
    await until(
      'the provider is discovered',
      async () => (await browser().visit('http://www.example.com/')).status !== 500,
    );
  });
  afterAll(async () => {
    await site.destroy();
    await backEnd.stop();
    await provider.stop();
  });

  it('004-17: sends users to the issuer; who has logged in from another network is refused all the same', async () => {
    const page = await browser().visit('http://www.example.com/myapp');
    expect(page.status).toBe(302);
    const url = new URL(page.location ?? '');
    expect(url.origin + url.pathname).toBe(`${ISSUER}/authorize`);
    expect(url.searchParams.get('redirect_uri')).toBe(CALLBACK);
    const after = await browser().browse('http://www.example.com/myapp');
    expect(after).toMatchObject({ url: 'http://www.example.com/myapp', status: 403 });
  });

  it('004-17: lets them in from its network', async () => {
    site.write('policy.yaml', corrected().replace('10.0.1.0/24', '127.0.0.0/8'));
    await until('the network is ours', async () => {
      return (await browser().browse('http://www.example.com/myapp')).status === 200;
    });
    const visitor = browser();
    expect(await visitor.browse('http://www.example.com/myapp')).toMatchObject({ status: 200 });
    expect(await visitor.visit('http://www.example.com/myapp/logout')).toMatchObject({ status: 302 });
    expect(await visitor.visit('http://www.example.com/myapp')).toMatchObject({ status: 302 });
  });
});
