import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProxy } from '#controller/running-proxy.ts';
import { encode } from '#controller/xds/build/message.ts';
import { type XdsSnapshot, xdsResource } from '#controller/xds/snapshot.ts';
import { route } from './manifests.ts';
import { type SingleProxy, singleProxy } from './single-proxy.ts';
import { get, until } from './sluice.ts';

const MANY = 1_000;
const BAD = 'r500';

let site: SingleProxy;
let proxy: RunningProxy;
let port: number;
let isTampered = true;

/** Makes one cluster such that Envoy rejects it. */
function tamper(snapshot: XdsSnapshot): XdsSnapshot {
  const name = [...snapshot.cluster.keys()].find((one) => one.startsWith(`backend/default/${BAD}-`));
  if (name === undefined || !isTampered) return snapshot;
  const bad = encode('envoy.config.cluster.v3.Cluster', { name, connectTimeout: { seconds: -1n } });
  return { ...snapshot, cluster: new Map([...snapshot.cluster, [name, xdsResource('cluster', name, bad)]]) };
}

const routes = (names: readonly string[]): string =>
  names.map((name) => route(name, 'shop', `/${name}`, site.backendPort)).join('');
const all = Array.from({ length: MANY }, (_, index) => `r${index}`);

beforeAll(async () => {
  site = await singleProxy({ tamper });
  ({ proxy, port } = site);
}, 60_000);
afterAll(() => site.destroy());

describe('one cluster among a thousand that Envoy rejects at a start', () => {
  it('holds back the route to it alone, which answers 500; the proxy is ready', async () => {
    site.serve(routes(all));
    await until('ready', () => proxy.ready);
    await site.becomes(`/${BAD}`, 500);
    for (const name of ['r0', 'r499', 'r501', 'r999']) expect(await get(port, `/${name}`)).toBe(200);
  }, 60_000);

  it("is told with Envoy's words, and so is the route", () => {
    const { rejected, rejectedRoutes } = proxy.report();
    expect(rejected).toMatchObject([{ type: 'cluster', message: expect.stringContaining('Invalid duration') }]);
    expect(rejectedRoutes).toMatchObject([{ name: `httproute/default/${BAD}/rule/0/match/0/*` }]);
  });

  it('is not sent again with other changes, which go live', async () => {
    site.serve(routes([...all, 'later']));
    await site.becomes('/later', 200);
    expect(await get(port, `/${BAD}`)).toBe(500);
  }, 60_000);

  it('is tried again when it comes anew', async () => {
    isTampered = false;
    site.serve(routes([...all.filter((name) => name !== BAD), 'later']));
    await site.becomes(`/${BAD}`, 404);
    expect(proxy.report().rejected).toEqual([]);
    site.serve(routes([...all, 'later']));
    await site.becomes(`/${BAD}`, 200);
  }, 60_000);
});
