import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProxy } from '#controller/running-proxy.ts';
import { route } from './manifests.ts';
import { poisoned, poisonousRoute } from './poison.ts';
import { type SingleProxy, singleProxy } from './single-proxy.ts';
import { get, until } from './sluice.ts';

let site: SingleProxy;
let proxy: RunningProxy;
let port: number;
let backendPort: number;

beforeAll(async () => {
  site = await singleProxy({ tamper: poisoned });
  ({ proxy, port, backendPort } = site);
  serve(many());
  await until('ready', () => proxy.ready);
});

afterAll(() => site.destroy());

/** Good routes; the one called `replaced` is another, if there is any. */
function many(replaced?: string, other = ''): string {
  const names = Array.from({ length: 20 }, (_, index) => `r${index}`);
  return names.map((name) => (name === replaced ? other : route(name, 'shop', `/${name}`, backendPort))).join('');
}

const bad = (name: string): string => poisonousRoute(name, backendPort);
const serve = (manifests: string): void => site.serve(manifests);
const becomes = (path: string, status: number): Promise<void> => site.becomes(path, status);

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
    serve(many('r3', bad('r3')) + route('other', 'shop', '/other', backendPort));
    await becomes('/other', 200);
    await until('told', () => proxy.report().rejectedRoutes.length === 1);
    expect(proxy.report().rejectedRoutes).toMatchObject([{ name: 'httproute/default/r3/rule/0/match/0/*' }]);
    expect(await get(port, '/r3')).toBe(200);
    await becomes('/bad', 404);
  });

  it('serves once it is mended, and nothing is told any more', async () => {
    serve(many());
    await becomes('/other', 404);
    expect(await get(port, '/r3')).toBe(200);
    await until('nothing is told', () => proxy.report().rejectedRoutes.length === 0);
  });
});
