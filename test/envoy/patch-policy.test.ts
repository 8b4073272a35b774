import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '#controller/compile.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { lower } from '#controller/xds/lower.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';

const CASES = 'controller/features/envoy-patch-policy/testdata';

describe('what an EnvoyPatchPolicy makes of a proxy', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  }, 60_000);
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
