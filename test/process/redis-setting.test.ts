import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Authority, issue, makeAuthority } from '#controller/pki/authority.ts';
import { REDIS_IS_THERE, startRedis } from '#extproc/rate-limit/testing/redis-server.ts';
import { CLASS, gateway } from './manifests.ts';
import { freePort, Site, sluice, until } from './sluice.ts';

let site: Site | undefined;
afterEach(() => site?.destroy());

/** Where the sidecar says that it counts, once it says so. */
async function countedIn(config: object): Promise<unknown> {
  const made = await Site.make({ 'a.yaml': CLASS + gateway('shop', await freePort()) });
  site = made;
  made.configure(config);
  await made.start();
  const said = () => made.log().find(({ msg }) => msg === 'global rate limits are counted');
  await until('the sidecar says where it counts', () => said() !== undefined);
  return said()?.['where'];
}

describe('global rate limits', () => {
  it('are counted in memory unless a Redis is set', async () => {
    expect(await countedIn({})).toBe('memory');
  });

  it('are counted in the Redis that is set, whose password is nowhere to be seen', async () => {
    expect(await countedIn({ sluice: { redis: { url: 'redis://:s3cr3t@127.0.0.1:1' } } })).toBe('redis');
    await until('it says that there is none', () => JSON.stringify(site?.log()).includes('no connection to Redis'));
    const { stdout } = await sluice(['config-dump', '--admin', site?.admin ?? '']);
    expect(JSON.stringify(site?.log()) + stdout).not.toContain('s3cr3t');
  });
});

/** A Secret where the Secrets of the configuration are. */
function secret(name: string, type: string, stringData: object): string {
  return `---\n${JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'envoy-gateway-system' },
    type,
    stringData,
  })}\n`;
}

const limited = (port: number): string => `${CLASS}${gateway('shop', port)}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: counted }
spec:
  parentRefs: [{ name: shop }]
  rules: [{ filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 302 } }] }]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: counted, annotations: { sluice.dev/rate-limit-lease: '0' } }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: counted }]
  rateLimit: { global: { rules: [{ limit: { requests: 1000000, unit: Year } }] } }
`;

describe.skipIf(!REDIS_IS_THERE)('a Redis with TLS, whose address and certificate are in Secrets', () => {
  const PASSWORD = 's3cr3t-word';

  async function shown(signer: Authority, trusted = signer.trusted): Promise<string> {
    const { certificate, key } = await issue(signer, { kind: 'proxy', key: 'shop/web' }, Date.now());
    return secret('client', 'kubernetes.io/tls', { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': trusted });
  }

  it.each([
    ['closed', {}, 503],
    ['open, as it is configured,', { failClosed: false }, 302],
  ])(
    'counts while they are there and it knows whom it speaks to; without, what is to be counted is %s',
    async (_, more, without) => {
      const [authority, stranger] = [await makeAuthority(Date.now()), await makeAuthority(Date.now())];
      const server = await issue(authority, { kind: 'server', dnsNames: ['localhost'] }, Date.now());
      const redis = await startRedis(PASSWORD, '127.0.0.1', { ...server, clients: authority.trusted });
      onTestFinished(() => redis.stop());
      const port = await freePort();
      const made = await Site.make({ 'a.yaml': limited(port), 'client.yaml': await shown(authority) });
      site = made;
      const url = { urlRef: { secretKeyRef: { name: 'address', key: 'url' } } };
      made.configure({
        rateLimit: {
          ...more,
          timeout: '5s',
          backend: { type: 'Redis', redis: { ...url, tls: { certificateRef: { name: 'client' } } } },
        },
      });
      await made.start();
      const status = async (): Promise<number> =>
        (await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' })).status;
      const uncounted = async (): Promise<string> => {
        const answer = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' });
        return `${answer.status} ${answer.headers.get('x-ratelimit-remaining') !== null}`;
      };
      const isCounted = async (): Promise<boolean> => (await uncounted()) === '302 true';
      const isNot = async (): Promise<boolean> => (await uncounted()) === `${without} false`;
      await until('nothing is counted without an address', isNot);
      expect(await status()).toBe(without);
      const log = (): string => JSON.stringify(made.log());
      expect(log()).toContain('urlRef: Secret envoy-gateway-system/address is not among the manifests');

      // Says nothing of TLS: that is for the configuration to say.
      const address = { url: redis.url.replace('rediss:', 'redis:') };
      made.write('address.yaml', secret('address', 'Opaque', address));
      await until('it is counted', isCounted);

      made.write('client.yaml', await shown(stranger, authority.trusted));
      await until('it is not counted by who shows what is not trusted', isNot);
      made.write('client.yaml', await shown(authority));
      await until('it is counted again', isCounted);

      made.write('client.yaml', await shown(authority, stranger.trusted));
      await until('it is not counted in what is not trusted', isNot);
      made.write('client.yaml', await shown(authority));
      await until('it is counted again', isCounted);

      made.remove('address.yaml');
      await until('it is not counted without an address', isNot);
      const { stdout } = await sluice(['config-dump', '--admin', made.admin]);
      expect(log() + stdout).not.toContain(PASSWORD);
      expect(log() + stdout).not.toContain('PRIVATE KEY');
    },
  );
});
