import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLASS, gateway, route } from '../process/manifests.ts';
import { freePort, get, Site, until } from '../process/sluice.ts';
import { KEY_SET } from '../property/policy-documents.ts';
import { type EchoBackEnd, startEchoBackEnd } from '../seeds/echo-back-end.ts';

/** A SecurityPolicy of a route of its own name, as JSON: every YAML parser reads it. */
function policy(name: string, spec: object): string {
  return `---\n${JSON.stringify({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { name },
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name }], ...spec },
  })}\n`;
}

const provider = (localJWKS: object) => ({ jwt: { providers: [{ name: 'issuer', localJWKS }] } });
const configMap = { type: 'ValueRef', valueRef: { group: '', kind: 'ConfigMap', name: 'keys' } };

/** Policies that cannot be enforced, by the name of the route that each should guard. */
const POLICIES: { readonly [route: string]: object } = {
  'unknown-field': { jwt: { providers: [], provider: [] } },
  'unknown-top-field': { jwtt: {} },
  'no-key-set': provider({ type: 'Inline', inline: '{"keys": [' }),
  'not-implemented': { basicAuth: { users: { name: 'users' } } },
  'missing-config-map': provider(configMap),
};

describe('a route that is refused', () => {
  let echo: EchoBackEnd;
  let site: Site;
  let port: number;
  const admin = (field: string) =>
    route('admin', 'shop', '/admin', echo.port).replace('      backendRefs', `${field}      backendRefs`);
  beforeAll(async () => {
    echo = await startEchoBackEnd('echo');
    port = await freePort();
    site = await Site.make({
      'gateway.yaml': CLASS + gateway('shop', port),
      'site.yaml': route('site', 'shop', '/', echo.port),
      'admin.yaml': admin('      timeout: 5s\n'),
    });
    await site.start();
  });
  afterAll(async () => {
    await site.destroy();
    await echo.stop();
  });

  it('closes what it is for from the very start, and nothing else: no wider route gets that', async () => {
    expect([await get(port, '/admin'), await get(port, '/other')]).toEqual([500, 200]);
  });

  it('is served with its policies once it is mended, and serves on through the next mistake', async () => {
    site.write('admin.yaml', admin('') + policy('admin', provider({ type: 'Inline', inline: KEY_SET })));
    await until('a token is asked for', async () => (await get(port, '/admin')) === 401);
    site.write(
      'admin.yaml',
      admin('      timeout: 6s\n') + policy('admin', provider({ type: 'Inline', inline: KEY_SET })),
    );
    await until('the mistake is told', () =>
      site.log().some(({ msg }) => typeof msg === 'string' && /admin\.yaml.*timeout/u.test(msg)),
    );
    expect(await get(port, '/admin')).toBe(401);
  });

  it('goes when it is removed', async () => {
    site.remove('admin.yaml');
    await until('the wider route has it', async () => (await get(port, '/admin')) === 200);
  });
});

describe('a policy that cannot be enforced', () => {
  let echo: EchoBackEnd;
  let site: Site;
  let port: number;
  beforeAll(async () => {
    echo = await startEchoBackEnd('echo');
    port = await freePort();
    site = await Site.make({
      'gateway.yaml': CLASS + gateway('shop', port),
      'open.yaml': route('open', 'shop', '/open', echo.port),
      ...Object.fromEntries(
        Object.entries(POLICIES).flatMap(([name, spec]) => [
          [`${name}.yaml`, route(name, 'shop', `/${name}`, echo.port)],
          [`policy-of-${name}.yaml`, policy(name, spec)],
        ]),
      ),
    });
    await site.start();
  });
  afterAll(async () => {
    await site.destroy();
    await echo.stop();
  });

  it.each(Object.keys(POLICIES))('closes its target from the very start: %s', async (name) => {
    expect(await get(port, `/${name}`)).toBe(500);
  });

  it('closes nothing else', async () => {
    expect(await get(port, '/open')).toBe(200);
  });

  it('heals without a restart when the ConfigMap that it names appears, and closes again when it goes', async () => {
    site.write(
      'keys.yaml',
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'keys' }, data: { jwks: KEY_SET } }),
    );
    await until('a token is asked for', async () => (await get(port, '/missing-config-map')) === 401);
    site.remove('keys.yaml');
    await until('it is closed', async () => (await get(port, '/missing-config-map')) === 500);
  });

  it('guards once it is mended, and opens only when it is removed', async () => {
    site.write('policy-of-unknown-field.yaml', policy('unknown-field', provider({ type: 'Inline', inline: KEY_SET })));
    await until('a token is asked for', async () => (await get(port, '/unknown-field')) === 401);
    site.remove('policy-of-unknown-field.yaml');
    await until('it is open', async () => (await get(port, '/unknown-field')) === 200);
  });

  it('that was good before stays in force in its last good version', async () => {
    site.write('policy-of-open.yaml', policy('open', provider({ type: 'Inline', inline: KEY_SET })));
    await until('a token is asked for', async () => (await get(port, '/open')) === 401);
    site.write('policy-of-open.yaml', policy('open', { jwtt: {} }));
    await until('the mistake is told', () =>
      site.log().some(({ msg }) => typeof msg === 'string' && /policy-of-open\.yaml.*jwtt/u.test(msg)),
    );
    expect(await get(port, '/open')).toBe(401);
  });
});
