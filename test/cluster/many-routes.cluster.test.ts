import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { resourcePath } from '#controller/kubernetes/resource-path.ts';
import { auditLog, connectCluster } from './control-plane.ts';
import { GatewaySite, shopOf, until, untilStatus } from './gateway-site.ts';
import { sendSteadily } from './steady-traffic.ts';

const ROUTES = { group: 'gateway.networking.k8s.io', version: 'v1', plural: 'httproutes' };
const COUNT = 5_000;
/** So many are created at the same time. */
const AT_ONCE = 24;
/** So many routes have a host name together. */
const HOSTS = 500;
/** Of what the routes took, at least so much is given back when they go. */
const GIVEN_BACK = 0.5;
/** What a heap keeps for what comes next is no leak. Bytes. */
const SLACK = 30e6;
const LONG = 240_000;

describe('5,000 HTTPRoutes on a cluster', () => {
  const folder = inject('cluster');
  let site: GatewaySite;
  let address = '';
  beforeAll(async () => {
    site = await GatewaySite.install(connectCluster(folder), { name: 'many' });
    await site.cluster.apply(shopOf(site));
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
  });
  afterAll(() => site.remove());

  it(
    'serve with a few writes each, and give the memory back when they go',
    async () => {
      const path = resourcePath(ROUTES, { namespace: site.app });
      const { api } = site.cluster;
      const traffic = sendSteadily(`http://${address}/app`);
      const empty = memoryOf(site);
      const began = performance.now();
      const took = (): string => `${((performance.now() - began) / 1_000).toFixed(1)} s`;
      await inTurns(COUNT, AT_ONCE, (index) => api.ask({ method: 'POST', path, body: routeOf(site, index) }));
      const [created, applied] = [took(), performance.now()];
      const last = COUNT - 1;
      await untilServed(address, last);
      const serving = ((performance.now() - applied) / 1_000).toFixed(1);
      // Every fiftieth, and so each kind of host.
      for (let index = 0; index < COUNT; index += 50) await untilServed(address, index);
      const isWritten = async (): Promise<boolean> => {
        const { body } = await api.ask({
          method: 'GET',
          path,
          query: { labelSelector: 'many=yes', resourceVersion: '0' },
        });
        const routes = isObject(body) && Array.isArray(body['items']) ? body['items'].filter(isObject) : [];
        const good = routes.filter(({ status }) => JSON.stringify(status ?? {}).split('"status":"True"').length > 2);
        return good.length === COUNT;
      };
      await until('every route is accepted, and its back-end resolved, in its status', isWritten, LONG);
      const written = took();
      const full = memoryOf(site);
      // A collection is deleted one after the other.
      await inTurns(COUNT, AT_ONCE, (index) => api.ask({ method: 'DELETE', path: `${path}/many-${index}` }));
      await until('the last route is not served', async () => (await statusAt(address, last)) === 404, LONG);
      let left = memoryOf(site);
      const isGivenBack = (): Promise<boolean> => {
        left = memoryOf(site);
        return Promise.resolve(left - empty < Math.max((1 - GIVEN_BACK) * (full - empty), SLACK));
      };
      await until(() => `memory is given back: ${told(empty, full, left)}`, isGivenBack, LONG);
      const writes = writesTo(
        readFileSync(auditLog(folder), 'utf8'),
        `system:serviceaccount:${site.system}:envoy-gateway`,
      );
      const all = [...writes.values()].reduce((sum, count) => sum + count, 0);
      const routes = [...writes].filter(([what]) => what.startsWith(`httproutes/${site.app}/many-`));
      const ofRoutes = routes.reduce((sum, [, count]) => sum + count, 0);
      const most = Math.max(...routes.map(([, count]) => count));
      process.stderr.write(
        `${COUNT} HTTPRoutes: created after ${created}; ${serving} s later the last one is served through Envoy; all statuses ` +
          `are written after ${written}; the controller's memory: ${told(empty, full, left)}; writes: ${ofRoutes} of routes ` +
          `(at most ${most} of one), ${all - ofRoutes} of anything else\n`,
      );
      expect(routes.length).toBe(COUNT);
      // What some are told of first is that their back-end is not known yet.
      expect(ofRoutes).toBeLessThanOrEqual(2 * COUNT);
      expect(most).toBeLessThanOrEqual(4);
      expect(all - ofRoutes).toBeLessThan(COUNT);
      const { lost, connections } = await traffic.stop();
      expect(lost).toEqual([]);
      expect(connections).toBe(4);
    },
    LONG * 4,
  );
});

const hostOf = (index: number): string => `host-${index % HOSTS}.example.com`;

function routeOf({ app }: GatewaySite, index: number) {
  const matches = [{ path: { type: 'PathPrefix', value: `/p/${index}` } }];
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `many-${index}`, namespace: app, labels: { many: 'yes' } },
    spec: {
      parentRefs: [{ name: 'shop' }],
      hostnames: [hostOf(index)],
      rules: [{ matches, backendRefs: [{ name: 'echo', port: 80 }] }],
    },
  };
}

/** The status of a route's path at its host, on a connection of its own; 0 where nobody answers. */
function statusAt(address: string, index: number): Promise<number> {
  return new Promise((resolve) => {
    // `fetch` sends the host of the URL, whatever its headers say.
    const options = { agent: false, headers: { host: hostOf(index) }, timeout: 15_000 };
    const asked = request(`http://${address}/p/${index}`, options, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', () => resolve(0));
    asked.end();
  });
}

const untilServed = (address: string, index: number): Promise<void> =>
  until(`route ${index} is served`, async () => (await statusAt(address, index)) === 200, LONG);

async function inTurns(count: number, atOnce: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await act(index);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Resident memory of the controller, in bytes. */
function memoryOf(site: GatewaySite): number {
  const sizes = site.controllers().map((pid) => {
    const [, kilobytes = '0'] = /VmRSS:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1_024;
  });
  return Math.max(...sizes);
}

function told(...bytes: readonly number[]): string {
  const [before, during, after] = bytes.map((size) => `${Math.round(size / 1e6)} MB`);
  return `${before} before, ${during} with them, ${after} after`;
}

/** How often a user has written what: "<plural>/<namespace>/<name>", by an audit log. */
function writesTo(log: string, user: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of log.split('\n')) {
    if (!line.includes(`"${user}"`)) continue;
    const event: unknown = JSON.parse(line);
    const { verb, objectRef } = isObject(event) ? event : {};
    if (!isObject(objectRef) || ['get', 'list', 'watch'].includes(String(verb))) continue;
    const what = [objectRef['resource'], objectRef['namespace'], objectRef['name']].map(String).join('/');
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return counts;
}
