import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lower } from '#controller/xds/lower.ts';
import { listenOnSocket } from '#extproc/grpc/unix-server.ts';
import { extProcService } from '#extproc/stream/service.ts';
import { compilePolicy } from '#wasm-filters/build.ts';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { freePort } from '../process/sluice.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { FORGERS, FORGING_LUA, forgingModule, forgingProcessor } from './forger.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';
import { backend, CLASS, gatewayOf, manifest, to, yamlOf } from './route-site.ts';

const signer = issuer('RS256');
const bearer = (sub: string): string => `Bearer ${signer.token({ sub, exp: 4_102_444_800 })}`;

const group = 'gateway.networking.k8s.io';
const route = (name: string, match: object, hostname = 'shop.example') =>
  manifest('HTTPRoute', name, {
    parentRefs: [{ name: 'shop' }],
    hostnames: [hostname],
    rules: [
      {
        matches: [match],
        filters: [
          { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-route', value: name }] } },
        ],
        backendRefs: [to('echo')],
      },
    ],
  });
const policy = (kind: string, name: string, spec: object) =>
  manifest(kind, name, { targetRefs: [{ group, kind: 'HTTPRoute', name }], ...spec });
const jwt = {
  jwt: {
    providers: [
      {
        name: 'main',
        localJWKS: { type: 'Inline', inline: JSON.stringify({ keys: [signer.jwk] }) },
        claimToHeaders: [{ claim: 'sub', header: 'x-user' }],
        recomputeRoute: true,
      },
    ],
  },
};
const extProc = {
  extProc: [
    {
      backendRefs: [to('processors')],
      messageTimeout: '5s',
      processingMode: { request: {} },
    },
  ],
};
/** Routes with filters of their own, which ask who a client is or are users', to which a header leads. */
const GUARDED = ['keyed', 'named', 'asked', 'processed'] as const;
const secret = (name: string, stringData: object) => manifest('Secret', name, { stringData });
/** Two requests a day for each value of a header. */
const perValueOf = (name: string) => ({
  rateLimit: {
    local: {
      rules: [{ clientSelectors: [{ headers: [{ name, type: 'Distinct' }] }], limit: { requests: 2, unit: 'Day' } }],
    },
  },
});
const addFilter = (value: object) => ({
  type: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  name: 'default/shop/http',
  operation: { op: 'add', jsonPath: "..http_filters[?@.name == 'sluice.policy.after.reroute']", value },
});

/**
 * `/open` has a processor and no policy, `/orders` both; a header leads to the vault, which wants a token, and a header that
 * is the policy's to where nobody may go; another host is closed, too. Lua and wasm stand before ours by patch.
 */
function manifests(port: number, echo: number, folder: string): string {
  return yamlOf([
    CLASS,
    gatewayOf([{ name: 'http', protocol: 'HTTP', port }]),
    route('open', { path: { value: '/open' } }),
    route('orders', { path: { value: '/orders' } }),
    route('vault', { path: { value: '/open' }, headers: [{ name: 'x-go', value: 'vault' }] }),
    route('vault-by-path', { path: { value: '/vault' } }),
    route('nowhere', { path: { value: '/orders' }, headers: [{ name: 'x-user', value: 'mallory' }] }),
    route('plain', { path: { value: '/plain' } }),
    route('watched', { path: { value: '/plain' }, headers: [{ name: 'x-user', value: 'eve' }] }),
    route('watched-too', { path: { value: '/plain' }, headers: [{ name: 'x-user', value: 'bob' }] }),
    route('unwatched', { path: { value: '/plain' }, headers: [{ name: 'x-user', value: 'ada' }] }),
    route('other', { path: { value: '/' } }, 'other.example'),
    ...GUARDED.map((name) => route(name, { path: { value: '/open' }, headers: [{ name: 'x-go', value: name }] })),
    route('counted', { path: { value: '/counted' } }),
    route('counted-behind', { path: { value: '/open' }, headers: [{ name: 'x-go', value: 'counted' }] }),
    backend('echo', [echo]),
    manifest('Backend', 'processors', { endpoints: [{ unix: { path: join(folder, 'processors.sock') } }] }),
    secret('keys', { ada: 'key-of-ada' }),
    secret('users', { '.htpasswd': `ada:{SHA}${createHash('sha1').update('sesame').digest('base64')}` }),
    policy('SecurityPolicy', 'keyed', {
      apiKeyAuth: { credentialRefs: [{ name: 'keys' }], extractFrom: [{ headers: ['x-key'] }] },
    }),
    policy('SecurityPolicy', 'named', { basicAuth: { users: { name: 'users' } } }),
    policy('SecurityPolicy', 'asked', {
      extAuth: { http: { backendRefs: [to('echo')] } },
    }),
    policy('EnvoyExtensionPolicy', 'processed', extProc),
    policy('SecurityPolicy', 'orders', jwt),
    policy('SecurityPolicy', 'vault', jwt),
    policy('SecurityPolicy', 'vault-by-path', jwt),
    policy('SecurityPolicy', 'nowhere', { authorization: { defaultAction: 'Deny' } }),
    policy('SecurityPolicy', 'other', { authorization: { defaultAction: 'Deny' } }),
    policy('SecurityPolicy', 'plain', jwt),
    policy('SecurityPolicy', 'counted', jwt),
    policy('EnvoyExtensionPolicy', 'counted', extProc),
    policy('BackendTrafficPolicy', 'counted', perValueOf('x-user')),
    policy('BackendTrafficPolicy', 'counted-behind', perValueOf('x-who')),
    policy('SecurityPolicy', 'watched-too', jwt),
    policy('EnvoyExtensionPolicy', 'watched', extProc),
    policy('EnvoyExtensionPolicy', 'watched-too', extProc),
    policy('EnvoyExtensionPolicy', 'open', extProc),
    policy('EnvoyExtensionPolicy', 'orders', extProc),
    manifest('EnvoyPatchPolicy', 'users-filters', {
      targetRef: { group, kind: 'Gateway', name: 'shop' },
      type: 'JSONPatch',
      jsonPatches: [
        addFilter({
          name: 'users-lua',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
            default_source_code: { inline_string: FORGING_LUA },
          },
        }),
        addFilter({
          name: 'users-wasm',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
            config: {
              name: 'sluice.policy',
              root_id: 'sluice.policy',
              vm_config: {
                vm_id: 'forger',
                runtime: 'envoy.wasm.runtime.v8',
                code: { local: { filename: join(folder, 'forger.wasm') } },
              },
            },
          },
        }),
      ],
    }),
  ]);
}

const ON_OPEN = { status: 200, upstream: { 'x-route': 'open' } };

interface Answer {
  readonly status: number;
  /** The headers that the back-end got, with the route that the request came by. */
  readonly upstream: Readonly<Record<string, unknown>>;
}

describe("users' filters", () => {
  let folder: string;
  let envoy: LiveEnvoy;
  let echo: Echo;
  let port: number;
  let stopProcessors: () => Promise<unknown>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-'));
    port = await freePort();
    echo = await startEcho();
    const select = () => ({ kind: 'selected', processor: forgingProcessor, policy: undefined }) as const;
    const service = extProcService(select, pino({ level: 'silent' }));
    const listening = await listenOnSocket(join(folder, 'processors.sock'), [service]);
    if (listening.kind !== 'listening') throw new Error(listening.message);
    stopProcessors = () => listening.server.drain(0);
    writeFileSync(join(folder, 'forger.wasm'), await forgingModule());
    writeFileSync(join(folder, 'policy.wasm'), await compilePolicy());
    envoy = await startLiveEnvoy();
    const proxy = compileText(manifests(port, echo.port, folder));
    const snapshot = lower(proxy, { digest: 'sha256:test', path: join(folder, 'policy.wasm') });
    expect(await envoy.publish(snapshot)).toEqual([]);
  });
  afterAll(async () => {
    await envoy.stop();
    await stopProcessors();
    await echo.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (path: string, headers: Readonly<Record<string, string>>): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { port, path, headers: { host: 'shop.example', ...headers }, agent: false };
      const request = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, upstream: response.statusCode === 200 ? JSON.parse(text) : {} });
        });
      });
      request.on('error', reject);
      request.end();
    });

  it('that do nothing change nothing', async () => {
    expect(await ask('/open', {})).toMatchObject({ status: 200, upstream: { 'x-route': 'open' } });
    expect(await ask('/orders', {})).toMatchObject({ status: 401 });
    expect(await ask('/orders', { authorization: bearer('alice') })).toMatchObject({
      status: 200,
      upstream: { 'x-route': 'orders', 'x-user': 'alice' },
    });
  });

  it.each([
    ['with a policy', 'bob'],
    ['without one', 'eve'],
  ])('of a route %s are not passed by on the way of a written header', async (_, sub) => {
    // Filters are patched in: the gate behind them all is the first to stop it.
    expect(await ask('/plain', { authorization: bearer(sub) })).toMatchObject({ status: 403 });
    // Who asks for the route meets them.
    expect(await ask('/plain', { authorization: bearer(sub), 'x-user': sub })).toMatchObject({
      status: 200,
      upstream: { 'x-user': sub },
    });
  });

  it("are in nobody's way who asks for the guarded routes", async () => {
    const authorization = `Basic ${Buffer.from('ada:sesame').toString('base64')}`;
    const headers = { 'x-key': 'key-of-ada', authorization };
    for (const name of GUARDED) {
      expect(await ask('/open', { 'x-go': name, ...headers })).toMatchObject({
        status: 200,
        upstream: { 'x-route': name },
      });
    }
    expect(await ask('/open', { 'x-go': 'keyed' })).toMatchObject({ status: 401 });
  });

  it('of no route are in the way of a written header', async () => {
    const authorization = bearer('ada');
    expect(await ask('/plain', { authorization })).toMatchObject({ status: 200, upstream: { 'x-route': 'unwatched' } });
  });

  describe.each(FORGERS)('%s', (forger) => {
    // Envoy ignores where a processor wants to lead a request: it stays on its route.
    const stays = forger === 'ext_proc';

    it('leads no request past the policy of another route by a header', async () => {
      const answer = await ask('/open', { 'x-forger': forger, 'x-set': 'x-go=vault' });
      expect(answer).toMatchObject(stays ? ON_OPEN : { status: 401 });
    });

    it.each(GUARDED)('leads no request past the filters of another route: %s', async (name) => {
      const headers = { 'x-forger': forger, 'x-set': `x-go=${name}`, 'x-key': 'key-of-ada' };
      expect(await ask('/open', headers)).toMatchObject(stays ? ON_OPEN : { status: 403 });
    });

    it('may lead a request to another route whose policy it satisfies', async () => {
      const headers = { 'x-forger': forger, 'x-set': 'x-go=vault', authorization: bearer('alice') };
      expect(await ask('/open', headers)).toMatchObject({
        status: 200,
        upstream: stays ? { 'x-route': 'open' } : { 'x-route': 'vault', 'x-user': 'alice' },
      });
    });

    it.each([
      ['path', ':path=/vault', 401],
      ['host', ':authority=other.example', 403],
    ])('leads no request past the policy of another route by its %s', async (_, set, status) => {
      const answer = await ask('/open', { 'x-forger': forger, 'x-set': set });
      expect(answer).toMatchObject(stays ? ON_OPEN : { status });
    });

    it('cannot give a request a header that the policy owns', async () => {
      const headers = { 'x-forger': forger, 'x-set': 'x-user=root', authorization: bearer('alice') };
      expect(await ask('/orders', headers)).toMatchObject({ status: 200, upstream: { 'x-user': 'alice' } });
    });

    it('is counted past once, by what the policy wrote and not by what it writes', async () => {
      const statuses = [];
      for (let i = 0; i < 3; i++) {
        const headers = { 'x-forger': forger, 'x-set': `x-user=${i}`, authorization: bearer(`counted past ${forger}`) };
        statuses.push((await ask('/counted', headers)).status);
      }
      expect(statuses).toEqual([200, 200, 429]);
    });

    it('leads no request past the limit of another route', async () => {
      const statuses = [];
      for (let i = 0; i < 3; i++) {
        const headers = { 'x-forger': forger, 'x-set': 'x-go=counted', 'x-who': forger };
        statuses.push((await ask('/open', headers)).status);
      }
      expect(statuses).toEqual(stays ? [200, 200, 200] : [200, 200, 429]);
    });

    it('cannot make up for a token that it takes away', async () => {
      const headers = { 'x-forger': forger, 'x-set': 'authorization=;x-user=root', authorization: bearer('alice') };
      expect(await ask('/orders', headers)).toMatchObject({ status: 401 });
    });

    it('never sees a request without a token, so it cannot add one either', async () => {
      const headers = { 'x-forger': forger, 'x-set': `authorization=${bearer('alice')}` };
      expect(await ask('/orders', headers)).toMatchObject({ status: 401 });
    });

    it('cannot lead a request away from behind its back: a header of the policy that leads where nobody may go', async () => {
      const token = bearer('mallory');
      expect(await ask('/orders', { 'x-forger': forger, 'x-set': 'x-a=b', authorization: token })).toMatchObject({
        status: 403,
      });
      const other = { 'x-forger': forger, 'x-set': `authorization=${token}`, authorization: bearer('alice') };
      expect(await ask('/orders', other)).toMatchObject({ status: 403 });
    });
  });
});
