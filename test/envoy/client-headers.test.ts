import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compilePolicy } from '#wasm-filters/build.ts';
import { freePort } from '../process/sluice.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { answering, backend, gatewayOf, manifest, type RouteSite, route, startRouteSite, to } from './route-site.ts';

let folder: string;
let site: RouteSite;
let echo: Echo;
/** Of two listeners: a ClientTrafficPolicy is for the first alone. */
let [own, other]: readonly [number, number] = [0, 0];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  await writeFile(join(folder, 'policy.wasm'), await compilePolicy());
  [site, echo, own, other] = await Promise.all([
    startRouteSite(join(folder, 'policy.wasm')),
    startEcho(),
    freePort(),
    freePort(),
  ]);
}, 120_000);
afterAll(async () => {
  await Promise.all([site.stop(), echo.stop()]);
  await rm(folder, { recursive: true });
});

const GROUP = 'gateway.networking.k8s.io';
const OF_ROUTE = { targetRefs: [{ group: GROUP, kind: 'HTTPRoute', name: 'route' }] };

function serve(headers: object, ...more: readonly object[]): Promise<void> {
  return site.serveAlone(
    gatewayOf([
      { name: 'own', protocol: 'HTTP', port: own },
      { name: 'other', protocol: 'HTTP', port: other },
    ]),
    backend('echo', [echo.port]),
    manifest('ClientTrafficPolicy', 'own', {
      targetRefs: [{ group: GROUP, kind: 'Gateway', name: 'shop', sectionName: 'own' }],
      headers,
    }),
    ...more,
  );
}

const toEcho = { backendRefs: [to('echo')] };
/** A limit counts under the name of its policy, whatever else is served. */
const limits = (name: string, rules: readonly object[]): object =>
  manifest('BackendTrafficPolicy', name, { ...OF_ROUTE, rateLimit: { local: { rules } } });

describe('lateResponseHeaders', () => {
  const late = {
    set: [{ name: 'x-route', value: '100%' }],
    add: [{ name: 'x-added', value: 'late' }],
    addIfAbsent: [
      { name: 'content-type', value: 'text/plain' },
      { name: 'x-frame-options', value: 'DENY' },
    ],
    remove: ['x-echo-path'],
    removeOnMatch: [{ type: 'Prefix', value: 'x-echo-f' }],
  };
  const only = {
    limit: { requests: 1, unit: 'Year' },
    clientSelectors: [{ headers: [{ name: 'x-limited', value: '1' }] }],
  };
  beforeAll(() =>
    serve(
      { lateResponseHeaders: late },
      route([{ ...toEcho, matches: [{ path: { value: '/echo' } }], filters: [answering('here')] }]),
      limits('late', [only]),
    ),
  );

  it('change what back-ends and routes say, on the listener that they are for', async () => {
    const { response = {} } = await site.getAt(own, '/echo');
    expect(response).toMatchObject({
      'x-route': '100%',
      'x-added': 'late',
      'content-type': 'application/json',
      'x-frame-options': 'DENY',
      'x-echo-port': String(echo.port),
    });
    expect(Object.keys(response).filter((name) => /^x-echo-(?:path|from)$/u.test(name))).toEqual([]);
    const { response: usual = {} } = await site.getAt(other, '/echo');
    expect(usual).toMatchObject({ 'x-route': 'here', 'x-echo-path': '/echo' });
    expect(usual['x-frame-options']).toBeUndefined();
  });

  it('are in what Envoy and the policy module answer themselves', async () => {
    const lost = await site.getAt(own, '/lost');
    expect([lost.status, lost.response?.['x-frame-options']]).toEqual([404, 'DENY']);
    await site.getAt(own, '/echo', { 'x-limited': '1' });
    const limited = await site.getAt(own, '/echo', { 'x-limited': '1' });
    expect([limited.status, limited.response?.['x-route'], limited.response?.['x-added']]).toEqual([
      429,
      '100%',
      'late',
    ]);
  });
});

describe('enableEnvoyHeaders', () => {
  it('tells back-ends and clients what Envoy knows, and nobody without it', async () => {
    await serve({ enableEnvoyHeaders: true }, route([toEcho]));
    const told = async (port: number): Promise<readonly boolean[]> => {
      const { upstream, response = {} } = await site.getAt(port, '/');
      return ['x-envoy-expected-rq-timeout-ms' in upstream, 'x-envoy-upstream-service-time' in response];
    };
    expect(await told(own)).toEqual([true, true]);
    expect(await told(other)).toEqual([false, false]);
  });
});

describe('disableRateLimitHeaders', () => {
  const selected = (name: string): object => ({ clientSelectors: [{ headers: [{ name, value: '1' }] }] });
  const told = async (port: number, headers: Readonly<Record<string, string>> = {}): Promise<readonly unknown[]> => {
    const { status, response = {} } = await site.getAt(port, '/', headers);
    return [status, response['x-ratelimit-limit']];
  };

  it('leaves limits in force, and tells of none but those that say so themselves', async () => {
    const year = (requests: number): object => ({ limit: { requests, unit: 'Year' } });
    await serve(
      { disableRateLimitHeaders: true },
      route([toEcho]),
      limits('quiet', [
        { ...year(1), ...selected('x-once') },
        { ...year(1000), ...selected('x-told'), xRateLimitHeaders: 'DraftVersion03' },
        { ...year(2000), ...selected('x-untold'), xRateLimitHeaders: 'Off' },
        year(3000),
      ]),
    );
    expect([await told(own, { 'x-once': '1' }), await told(own, { 'x-once': '1' })]).toEqual([
      [200, undefined],
      [429, undefined],
    ]);
    expect(await told(own, { 'x-told': '1' })).toEqual([200, expect.stringContaining('1000')]);
    expect(await told(own, { 'x-untold': '1' })).toEqual([200, undefined]);
    expect(await told(own)).toEqual([200, undefined]);
    expect(await told(other)).toEqual([200, expect.stringContaining('3000')]);
    expect(await told(other, { 'x-untold': '1' })).toEqual([200, undefined]);
  });

  it('says so of limits of the whole Gateway, too', async () => {
    const whole = manifest('BackendTrafficPolicy', 'whole', {
      targetRefs: [{ group: GROUP, kind: 'Gateway', name: 'shop' }],
      rateLimit: { local: { rules: [{ limit: { requests: 4000, unit: 'Year' } }] } },
    });
    await serve({ disableRateLimitHeaders: true }, route([toEcho]), whole);
    expect(await told(own)).toEqual([200, undefined]);
    expect(await told(other)).toEqual([200, expect.stringContaining('4000')]);
    await serve({ disableRateLimitHeaders: false }, route([toEcho]), whole);
    expect(await told(own)).toEqual([200, expect.stringContaining('4000')]);
  });
});
