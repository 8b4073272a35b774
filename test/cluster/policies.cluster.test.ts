/** Policies in pods of a proxy, as sidecars of native kind bring them: with real key servers, a real provider, a real Redis. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Authority, issue, makeAuthority } from '#controller/pki/authority.ts';
import { type RedisServer, startRedis } from '#extproc/rate-limit/testing/redis-server.ts';
import { type Issuer, issuer } from '#wasm-filters/testing/issuer.ts';
import { NetworkBrowser } from '../login/network-browser.ts';
import { startRealProvider } from '../login/real-provider.ts';
import { selfSigned } from '../seeds/self-signed.ts';
import { freePort } from '../process/sluice.ts';
import { connectCluster } from './control-plane.ts';
import { GatewaySite, letPass, routeTo, shopOf, until } from './gateway-site.ts';
import { NODE_ADDRESS } from './node/pod-network.ts';
import {
  ask,
  keepAsking,
  nameOf,
  PARAMETERS,
  POD_PORT,
  policyOn,
  processOf,
  proxySettings,
  reasonOf,
  serveOnNode,
  serviceOn,
  trustIn,
  untilAnswered,
} from './policy-site.ts';

const ISSUER = 'https://issuer.example';
const SECRET = 'a secret/with+characters%';
const REDIS_PASSWORD = 'word-of-redis';

const stops: (() => Promise<unknown>)[] = [];
let site: GatewaySite;
let address = '';
let keys: readonly Issuer[] = [issuer('ES256', 'one')];
let redis: RedisServer;
let authority: Authority;
let providerPort = 0;

const token = (of: Issuer | undefined, claims: object = {}): { readonly authorization: string } => ({
  authorization: `Bearer ${of?.token({ iss: ISSUER, exp: 4_102_444_800, ...claims })}`,
});
const admin = (): { readonly authorization: string } => token(keys[0], { sub: 'ada', role: 'admin' });
/** A path at each pod of the proxy. */
const atPods = async (path: string): Promise<readonly string[]> =>
  [...(await site.podsOf('shop')).values()].map((pod) => `http://${pod}:${POD_PORT}${path}`);
const at = (path: string): string => `http://${address}${path}`;

const jwt = (uri: string, more: object = {}): object => ({
  jwt: {
    providers: [
      {
        name: 'shop',
        issuer: ISSUER,
        remoteJWKS: { uri, cacheDuration: '300s', failedRefetchDuration: '1s', ...more },
        claimToHeaders: [{ claim: 'sub', header: 'x-user' }],
      },
    ],
  },
  authorization: {
    defaultAction: 'Deny',
    rules: [
      { action: 'Allow', principal: { jwt: { provider: 'shop', claims: [{ name: 'role', values: ['admin'] }] } } },
    ],
  },
});

const limit = (kind: 'local' | 'global', requests: number): object => ({
  rateLimit: { [kind]: { rules: [{ limit: { requests, unit: 'Year' } }] } },
});

/** A Secret beside the controller. */
const ownSecret = (name: string, type: string, stringData: object): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: site.system }, type, stringData })}\n---\n`;

/** The Secret with what sidecars show to Redis, signed by an authority. */
async function redisClient(signer: Authority): Promise<string> {
  const { certificate, key } = await issue(signer, { kind: 'proxy', key: 'any' }, Date.now());
  const pem = { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority.trusted };
  return ownSecret('redis-client', 'kubernetes.io/tls', pem);
}

const redisAddress = (): string =>
  ownSecret('redis', 'Opaque', { url: `redis://:${REDIS_PASSWORD}@redis.policies.svc.cluster.local:6379` });

beforeAll(async () => {
  const name = 'policies';
  authority = await makeAuthority(Date.now());
  const redisHost = `redis.${name}.svc.cluster.local`;
  const shown = await issue(authority, { kind: 'server', dnsNames: [redisHost] }, Date.now());
  redis = await startRedis(REDIS_PASSWORD, NODE_ADDRESS, { ...shown, clients: authority.trusted });
  stops.push(() => redis.stop());
  site = await GatewaySite.install(connectCluster(inject('cluster')), {
    name,
    replicas: 2,
    rest: {
      rateLimit: {
        timeout: '2s',
        backend: {
          type: 'Redis',
          redis: {
            urlRef: { secretKeyRef: { name: 'redis', key: 'url' } },
            tls: { certificateRef: { name: 'redis-client' } },
          },
        },
      },
    },
  });
  stops.push(() => site.remove());
  const served = await serveOnNode((_, response) => {
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  });
  stops.push(() => served.stop());
  providerPort = await freePort();
  const { app } = site;
  await site.cluster.apply(proxySettings(site) + shopOf(site, PARAMETERS));
  address = await site.addressOf('shop');
  const host = nameOf(site, 'idp');
  const { 'tls.crt': certificate, 'tls.key': key } = selfSigned(host);
  const provider = await startRealProvider(providerPort, [at('/login/callback')], { host, certificate, key });
  stops.push(() => provider.stop());
  await site.cluster.apply(
    [
      redisAddress(),
      await redisClient(authority),
      serviceOn(site, 'redis', 6_379, Number(new URL(redis.url).port)),
      serviceOn(site, 'keys', 80, served.port),
      serviceOn(site, 'idp', 443, providerPort),
      trustIn(site, 'idp', certificate),
      routeTo(app, 'guarded', '/guarded'),
      policyOn(app, 'SecurityPolicy', 'guarded', jwt(`http://${nameOf(site, 'keys')}/jwks.json`)),
      routeTo(app, 'login', '/login'),
      `
apiVersion: v1
kind: Secret
metadata: { name: client, namespace: ${app} }
stringData: { client-secret: "${SECRET}" }
---`,
      policyOn(app, 'SecurityPolicy', 'login', {
        oidc: {
          provider: { issuer: `https://${host}`, backendRefs: [{ name: 'idp', port: 443 }] },
          clientID: 'shop',
          clientSecret: { name: 'client' },
          redirectURL: '%REQ(x-forwarded-proto)%://%REQ(:authority)%/login/callback',
          logoutPath: '/login/logout',
          forwardIDToken: { header: 'x-id-token' },
        },
      }),
      ...(['local', 'global'] as const).flatMap((kind) => [
        routeTo(app, kind, `/${kind}`),
        policyOn(app, 'BackendTrafficPolicy', kind, limit(kind, 9)),
      ]),
      routeTo(app, 'ready', '/ready'),
      // No worker holds a part of it: every request asks.
      policyOn(app, 'BackendTrafficPolicy', 'ready', limit('global', 1_000_000), {
        'sluice.dev/rate-limit-lease': '0',
      }),
      routeTo(app, 'spent', '/spent'),
      policyOn(app, 'BackendTrafficPolicy', 'spent', limit('global', 1)),
    ].join(''),
  );
  await until('there are two pods', async () => (await site.podsOf('shop')).size === 2);
  for (const url of await atPods('/login')) await untilAnswered(url, 302);
});
afterAll(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

describe('a SecurityPolicy whose keys a server in the cluster has', () => {
  it('lets pass whom it allows, in every pod', async () => {
    for (const url of await atPods('/guarded')) {
      await untilAnswered(url, 200, admin());
      expect((await ask(url, { ...admin(), 'x-user': 'forged' })).sent).toMatchObject({ 'x-user': 'ada' });
      expect((await ask(url)).status).toBe(401);
      expect((await ask(url, token(issuer('ES256', 'one'), { role: 'admin' }))).status).toBe(401);
      expect((await ask(url, token(keys[0], { role: 'guest' }))).status).toBe(403);
    }
  });

  it('learns of new keys when tokens of them come, and forgets the old', async () => {
    const before = admin();
    keys = [issuer('ES256', 'two')];
    for (const url of await atPods('/guarded')) {
      await untilAnswered(url, 200, admin());
      expect((await ask(url, before)).status).toBe(401);
    }
  });

  it.each([
    ['loopback', 'http://127.0.0.1:19001/metrics', /127\.0\.0\.1 is loopback/u],
    ['loopback by name', 'http://localhost:19000/', /is loopback/u],
    ['the metadata service', 'http://169.254.169.254/latest/meta-data/', /169\.254\.169\.254 is a metadata service/u],
  ])('is closed where its keys would come from %s', async (_, uri, why) => {
    const { app, cluster } = site;
    await cluster.apply(routeTo(app, 'inside', '/inside') + policyOn(app, 'SecurityPolicy', 'inside', jwt(uri)));
    await until('its status says why', async () => why.test(await reasonOf(site, 'securitypolicy', 'inside')));
    await untilAnswered(at('/inside'), 500, admin());
  });
});

describe('a login at a provider in the cluster', () => {
  const browser = (): NetworkBrowser =>
    new NetworkBrowser(new Map([[nameOf(site, 'idp'), { port: providerPort, tls: true }]]));

  it('begins in one pod, ends in another, and its session is good in all', async () => {
    const visitor = browser();
    const page = await visitor.browse(at('/login/cart'));
    expect([page.status, page.url]).toEqual([200, at('/login/cart')]);
    const cookie = visitor.jar.header(new URL(at('/login/cart'))) ?? '';
    for (const url of await atPods('/login')) {
      const { status, sent } = await ask(url, { cookie });
      expect([status, sent['x-id-token']?.split('.').length]).toEqual([200, 3]);
      expect((await ask(url)).status).toBe(302);
    }
    expect((await visitor.visit(at('/login/logout'))).status).toBe(302);
    expect((await visitor.visit(at('/login'))).status).toBe(302);
  });
});

describe('a BackendTrafficPolicy', () => {
  it('limits each pod by itself with a local limit', async () => {
    for (const url of await atPods('/local')) {
      expectLimited(await statuses(url, 12), 9);
    }
  });

  it('limits all pods together with a global one, which Redis counts', async () => {
    const came: Record<number, number> = {};
    for (const url of await atPods('/global')) {
      for (const [status, times] of Object.entries(await statuses(url, 12))) {
        came[Number(status)] = (came[Number(status)] ?? 0) + times;
      }
    }
    expectLimited(came, 9);
  });

  it('lets nothing pass that cannot be counted while Redis is gone, and counts again when it is back', async () => {
    const { app, cluster } = site;
    await cluster.apply(
      routeTo(app, 'counted', '/counted') + policyOn(app, 'BackendTrafficPolicy', 'counted', limit('global', 1_000)),
    );
    for (const url of await atPods('/counted')) await untilAnswered(url, 200);
    await redis.kill();
    await cluster.apply(
      routeTo(app, 'uncounted', '/uncounted') + policyOn(app, 'BackendTrafficPolicy', 'uncounted', limit('global', 5)),
    );
    for (const url of await atPods('/uncounted')) {
      await untilAnswered(url, 503);
      expect(await statuses(url, 5)).toEqual({ 503: 5 });
    }
    await redis.restart();
    for (const url of await atPods('/uncounted')) await until('it counts', async () => (await ask(url)).status !== 503);
  });

  it('counts on without a request refused when the certificate for Redis becomes another, and not without one that it takes, or without an address', async () => {
    const urls = await atPods('/ready');
    for (const url of urls) await untilAnswered(url, 200);
    const connected = async (): Promise<number> => {
      const [pods, proxy] = [await site.podsOf('shop'), await site.proxyOf('shop')];
      const logs = [...pods.keys()].map((pod) =>
        site.cluster.kubectl('logs', '-n', proxy.namespace, pod, '-c', 'sidecar'),
      );
      return (await Promise.all(logs)).join('\n').split('connected to Redis').length - 1;
    };
    const before = await connected();
    const clients = urls.map((url) => keepAsking(url));
    await site.cluster.apply(await redisClient(authority));
    await until('both have connected again', async () => (await connected()) >= before + 2);
    for (const client of clients) {
      await client.stop();
      expect([...client.came.keys()]).toEqual([200]);
    }
    await site.cluster.apply(await redisClient(await makeAuthority(Date.now())));
    for (const url of urls) await untilAnswered(url, 503);
    await site.cluster.apply(await redisClient(authority));
    for (const url of urls) await untilAnswered(url, 200);
    await site.cluster.kubectl('delete', 'secret', '-n', site.system, 'redis');
    for (const url of urls) await untilAnswered(url, 503);
    await site.cluster.apply(redisAddress());
    for (const url of urls) await untilAnswered(url, 200);
    const log = await site.cluster.kubectl('logs', '-n', site.system, 'deployment/envoy-gateway', '--all-pods');
    expect(log).toContain('to be counted in Redis');
    expect(log).not.toMatch(new RegExp(`${REDIS_PASSWORD}|PRIVATE KEY`, 'u'));
  });
});

describe('the sidecar of a pod', () => {
  it('that is killed under load opens nothing, costs nothing that needs it not, and comes back', async () => {
    const [[pod = '', podAddress = ''] = []] = await site.podsOf('shop');
    const url = (path: string): string => `http://${podAddress}:${POD_PORT}${path}`;
    await until('the limit is used up', async () => (await ask(url('/spent'))).status === 429);
    const good = keepAsking(url('/guarded'), admin());
    const bad = keepAsking(url('/guarded'), token(issuer('ES256', 'two'), { role: 'admin' }));
    const stranger = keepAsking(url('/login'));
    const spent = keepAsking(url('/spent'));
    for (let times = 0; times < 3; times += 1) {
      const before = processOf(pod, 'sidecar');
      if (before === undefined) throw new Error('there is no sidecar');
      process.kill(before, 'SIGKILL');
      await until('another runs', () => Promise.resolve(![before, undefined].includes(processOf(pod, 'sidecar'))));
      await until('users can log in again', async () => (await ask(url('/login'))).status === 302);
    }
    expect([...(await good.stop()).keys()]).toEqual([200]);
    expect([...(await bad.stop()).keys()]).toEqual([401]);
    for (const traffic of [stranger, spent]) {
      const came = await traffic.stop();
      expect([...came.keys()].filter((status) => ![302, 429, 503].includes(status))).toEqual([]);
    }
  });
});

describe('a pod that starts', () => {
  it('while there is no controller takes no requests, and afterwards none that a policy forbids', async () => {
    const { system, cluster } = site;
    await until('the limit is used up', async () => (await ask(at('/spent'))).status === 429);
    await cluster.kubectl('scale', 'deployment/envoy-gateway', '-n', system, '--replicas=0');
    await until('there is no controller', () => Promise.resolve(site.controllers().length === 0));
    const before = await site.podsOf('shop');
    const [first = ''] = before.keys();
    await cluster.kubectl('delete', 'pod', '-n', system, first, '--wait=false');
    const born = async (): Promise<string | undefined> =>
      [...(await site.podsOf('shop'))].find(([name, pod]) => !before.has(name) && pod !== '')?.[1];
    await until('another pod is there', async () => (await born()) !== undefined);
    const pod = await born();
    const url = (path: string): string => `http://${pod}:${POD_PORT}${path}`;
    const guarded = keepAsking(url('/guarded'));
    const login = keepAsking(url('/login'));
    const spent = keepAsking(url('/spent'));
    // Those that run serve on meanwhile.
    await untilAnswered(at('/guarded'), 200, admin());
    expect((await ask(at('/guarded'))).status).toBe(401);
    await letPass(1_500);
    expect([...guarded.came.keys()]).toEqual([0]);
    await cluster.kubectl('scale', 'deployment/envoy-gateway', '-n', system, '--replicas=2');
    await untilAnswered(url('/guarded'), 200, admin());
    await until('users can log in', async () => (await ask(url('/login'))).status === 302);
    for (const traffic of [guarded, login, spent]) {
      expect([...(await traffic.stop()).keys()].filter((status) => status < 300 && status !== 0)).toEqual([]);
    }
  });
});

/** How often each status comes of so many requests in a row. */
async function statuses(url: string, count: number): Promise<Readonly<Record<number, number>>> {
  const came: Record<number, number> = {};
  for (let times = 0; times < count; times += 1) {
    const { status } = await ask(url);
    came[status] = (came[status] ?? 0) + 1;
  }
  return came;
}

/**
 * Exactly so many requests passed, and all others were refused. One whose question to the sidecar took too long, as on a busy
 * machine it may, is answered 503, and may have been counted.
 */
function expectLimited(came: Readonly<Record<number, number>>, most: number): void {
  const { 200: passed = 0, 429: refused = 0, 503: late = 0, ...others } = came;
  expect(others).toEqual({});
  expect(passed).toBeLessThanOrEqual(most);
  expect(passed + late).toBeGreaterThanOrEqual(most);
  expect(refused).toBeGreaterThan(0);
  expect(late).toBeLessThan(3);
}
