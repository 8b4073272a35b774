import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '#controller/compile.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { lower } from '#controller/xds/lower.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { compilePolicy } from '#wasm-filters/build.ts';
import { freePort } from '../process/sluice.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';
import { backend, manifest, route, type RouteSite, startRouteSite, to } from './route-site.ts';

const CASES = 'controller/features/envoy-patch-policy/testdata';

describe('what an EnvoyPatchPolicy makes of a proxy', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  const serve = async (name: string): Promise<void> => {
    const loaded = loadOnce([join(ROOT, CASES, name, 'in.yaml')]);
    expect(loaded.problems).toEqual([]);
    const [proxy] = compile(loaded).proxies.values();
    if (proxy === undefined) throw new Error('the manifests make no proxy');
    expect(await envoy.publish(lower(proxy.xds, undefined))).toEqual([]);
  };
  const get = async (port: number, path: string): Promise<{ readonly status: number; readonly text: string }> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  };

  it('answers 406 with a text instead of 404, on the listener that is patched and no other', async () => {
    await serve('own-answer-for-404');
    expect(await get(18_480, '/films')).toEqual({ status: 406, text: 'this is not on our shelves' });
    expect(await get(18_481, '/films')).toMatchObject({ status: 404, text: '' });
    // Nobody listens at the back-end: this is Envoy's answer to a request that has a route.
    expect((await get(18_480, '/books')).status).toBe(503);
  });

  it('asks the authorization service it adds, before any other filter, and lets nothing through when it is away', async () => {
    await serve('external-authorization');
    expect((await get(18_482, '/')).status).toBe(403);
    const dump = await envoy.admin('/config_dump?resource=dynamic_listeners');
    expect(dump.indexOf('"envoy.filters.http.ext_authz"')).toBeGreaterThan(0);
    expect(dump.indexOf('"envoy.filters.http.ext_authz"')).toBeLessThan(dump.indexOf('"sluice.policy"'));
  });

  it('serves as written without the policies that cannot be applied', async () => {
    await serve('refused');
    expect((await get(18_485, '/')).status).toBe(404);
    expect(await envoy.admin('/stats?filter=http.patched.downstream_rq_total')).toMatch(/: [1-9]/u);
  });
});

describe('a filter that a patch adds, and that leads requests to another route', () => {
  let folder: string;
  let site: RouteSite;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-'));
    await writeFile(join(folder, 'policy.wasm'), await compilePolicy());
    site = await startRouteSite(join(folder, 'policy.wasm'));
  });
  afterAll(async () => {
    await site.stop();
    await rm(folder, { recursive: true });
  });

  const LUA = `function envoy_on_request(handle)
    handle:headers():replace("x-lua", "1")
    if handle:headers():get("x-go") then handle:headers():replace("x-team", "secret") end
    handle:clearRouteCache()
  end`;
  const patch = manifest('EnvoyPatchPolicy', 'lua', {
    targetRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' },
    type: 'JSONPatch',
    jsonPatches: [
      {
        type: 'type.googleapis.com/envoy.config.listener.v3.Listener',
        name: 'default/shop/http',
        operation: {
          op: 'add',
          path: '/default_filter_chain/filters/0/typed_config/http_filters/0',
          value: {
            name: 'lua',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
              default_source_code: { inline_string: LUA },
            },
          },
        },
      },
    ],
  });
  const serve = (security: object, ...more: readonly object[]) =>
    site.serve(
      route([{ backendRefs: [to('echo')] }], 'HTTPRoute', 'open'),
      route(
        [{ matches: [{ headers: [{ name: 'x-team', value: 'secret' }] }], backendRefs: [to('echo')] }],
        'HTTPRoute',
        'closed',
      ),
      backend('echo', [site.echo.port]),
      manifest('SecurityPolicy', 'closed', {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'closed' }],
        ...security,
      }),
      patch,
      ...more,
    );

  it.each([
    ['authorization', { authorization: { defaultAction: 'Deny' } }],
    ['basicAuth', { basicAuth: { users: { name: 'users' } } }],
    ['extAuth', { extAuth: { http: { backendRefs: [to('nowhere-to-be-asked')] } } }],
  ])('leads none past the policy of that: %s', async (_, security) => {
    const users = manifest('Secret', 'users', { stringData: { '.htpasswd': 'ada:{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=' } });
    await serve(security, users, backend('nowhere-to-be-asked', [await freePort()]));
    const open = await site.get('/');
    expect([open.status, open.upstream['x-lua']]).toEqual([200, '1']);
    expect((await site.get('/', { 'x-team': 'secret' })).status).toBeGreaterThanOrEqual(400);
    const led = await site.get('/', { 'x-go': '1' });
    expect([led.status >= 400, led.upstream]).toEqual([true, {}]);
  });

  it('leads to it who may come there', async () => {
    await serve({ authorization: { defaultAction: 'Allow' } });
    const led = await site.get('/', { 'x-go': '1' });
    expect([led.status, led.upstream['x-team']]).toEqual([200, 'secret']);
  });
});
