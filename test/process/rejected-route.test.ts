import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '#controller/compile.ts';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { RunningProxy } from '#controller/running-proxy.ts';
import { systemClock } from '#controller/runtime/clock.ts';
import { createTranslator } from '#controller/translate.ts';
import { encode } from '#controller/xds/build/message.ts';
import { type XdsResource, type XdsSnapshot, xdsResource } from '#controller/xds/snapshot.ts';
import { findEnvoy } from '#deploy/setup/envoy.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { CLASS, gateway, route } from './manifests.ts';
import { freePort, get, until } from './sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sl-'));
const translate = createTranslator(DEFAULT_SETTINGS);
let backend: Server;
let backendPort: number;
let port: number;
let proxy: RunningProxy;

beforeAll(async () => {
  backend = createServer((_, response) => response.end('ok'));
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const address = backend.address();
  backendPort = typeof address === 'object' && address !== null ? address.port : 0;
  port = await freePort();
  const envoy = findEnvoy(process.env);
  if (envoy.kind !== 'found') throw new Error('Envoy is missing');
  proxy = new RunningProxy({
    key: 'default/shop',
    paths: proxyPaths(folder, 'default/shop'),
    programs: { envoy: envoy.path, node: process.execPath, extproc: join(ROOT, 'extproc/main.ts') },
    modules: new Map(),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    answered: () => undefined,
    changed: () => undefined,
    tamper: poisoned,
  });
  serve(many());
  await until('ready', () => proxy.ready);
});

afterAll(async () => {
  await proxy.stop();
  backend.closeAllConnections();
  backend.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes every RouteConfiguration with a poisonous route in it one that Envoy rejects, for reasons it gives no name for. */
function poisoned(snapshot: XdsSnapshot): XdsSnapshot {
  const poison = (resource: XdsResource): XdsResource => {
    if (!Buffer.from(resource.wire).includes('poison')) return resource;
    const hosts = ['a', 'b'].map((name) => ({ name: `${name} ${resource.version}`, domains: ['twice'] }));
    const body = encode('envoy.config.route.v3.RouteConfiguration', { name: resource.name, virtualHosts: hosts });
    return xdsResource('route', resource.name, body);
  };
  return { ...snapshot, route: new Map([...snapshot.route].map(([name, resource]) => [name, poison(resource)])) };
}

function many(): string {
  return Array.from({ length: 20 }, (_, index) => route(`r${index}`, 'shop', `/r${index}`, backendPort)).join('');
}

/** A route that Envoy rejects. */
function bad(name: string): string {
  const filter = '[{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-test, value: poison }] } }]';
  return route(name, 'shop', `/${name}`, backendPort).replace(
    '      backendRefs:',
    `      filters: ${filter}\n      backendRefs:`,
  );
}

function serve(manifests: string): void {
  const file = join(folder, 'manifests.yaml');
  writeFileSync(file, CLASS + gateway('shop', port) + manifests);
  const store = new ResourceStore();
  for (const { resource } of loadOnce([file]).resources.values()) store.upsert(resource);
  const found = translate(store).proxies.get('default/shop');
  if (found === undefined) throw new Error('the manifests make no proxy');
  proxy.apply(found.xds);
}

const becomes = (path: string, status: number): Promise<void> =>
  until(`${path} is ${status}`, async () => (await get(port, path)) === status);

describe('a route that Envoy rejects', () => {
  it('answers 500 itself, while routes that come with it and after it go live', async () => {
    const good = route('good', 'shop', '/good', backendPort);
    serve(many() + bad('bad') + good);
    await becomes('/good', 200);
    await becomes('/bad', 500);
    expect(await get(port, '/r7')).toBe(200);
    serve(many() + bad('bad') + good + route('later', 'shop', '/later', backendPort));
    await becomes('/later', 200);
    expect(await get(port, '/bad')).toBe(500);
    await until('told', () => proxy.report().rejectedRoutes.length === 1 && proxy.report().rejected.length === 0);
    expect(proxy.report().rejectedRoutes).toMatchObject([{ name: 'httproute/default/bad/rule/0/match/0/*' }]);
  });

  it('that was good before stays as it was', async () => {
    serve(many() + bad('r3') + route('other', 'shop', '/other', backendPort));
    await becomes('/other', 200);
    expect(await get(port, '/r3')).toBe(200);
    await becomes('/bad', 404);
  });

  it('serves once it is mended, and nothing is told any more', async () => {
    serve(many());
    await becomes('/other', 404);
    expect(await get(port, '/r3')).toBe(200);
    expect(proxy.report().rejectedRoutes).toEqual([]);
  });
});
