import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REDIS_IS_THERE, startRedis } from '#extproc/rate-limit/testing/redis-server.ts';
import { startCluster } from '../cluster/cluster.ts';
import { GatewaySite } from '../cluster/gateway-site.ts';
import { NODE_ADDRESS } from '../cluster/node/pod-network.ts';
import { becomes, isEverywhere } from './answers.ts';
import { clientsOf } from './clients.ts';
import { clusterChanges } from './cluster-changes.ts';
import { backEndImage, backEndOf, clusterGateway, COPIES, proxySettings, serviceOf } from './cluster-manifests.ts';
import { objectsIn } from './cluster-objects.ts';
import { type ClusterWorld, numbered, proxyProcesses } from './cluster-world.ts';
import { makeKeys, tokensOf } from './keys.ts';
import { errorsIn } from './logged.ts';
import { toService } from './manifests.ts';
import { serveModules } from './module-server.ts';
import { routesAtFirst } from './routes.ts';
import type { SoakSite, Told } from './soak.ts';

/** The longest time for which the API server is away, and which part of the whole time it is at most. Milliseconds. */
const LONGEST_OUTAGE = 60_000;
const OUTAGE_SHARE = 0.1;
/** Of everything of the soak on the cluster. */
const NAME = 'soak';
const LONGEST_LINE = 300;

/**
 * Brings up a test cluster with two replicas of Sluice from its chart, a Gateway of two proxies, a Redis and two back-ends of
 * two pods; for a soak of so many milliseconds. It is to be called in namespaces of its own (`inOwnNamespaces`).
 */
export async function clusterSite(duration: number, say: (line: string) => void): Promise<SoakSite> {
  if (!REDIS_IS_THERE) throw new Error('there is no redis-server: run npm test once, or set REDIS_BIN');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-soak-'));
  const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).toReversed()) await one();
  };
  try {
    const cluster = await startCluster(folder, onceEach(say), [backEndImage]);
    stops.push(() => cluster.stop());
    // At an address that the cluster has made.
    const redis = await startRedis(undefined, NODE_ADDRESS);
    stops.push(() => redis.stop());
    const modules = await serveModules(NODE_ADDRESS);
    stops.push(() => modules.stop());
    say('the cluster is there');
    const site = await GatewaySite.install(cluster, {
      name: NAME,
      replicas: COPIES,
      images: 'packed',
      rest: { rateLimit: { backend: { type: 'Redis', redis: { url: new URL(redis.url).host } } } },
    });
    const keys = makeKeys();
    const tokens = tokensOf(keys);
    const makings = { keys, modules, to: toService };
    const objects = objectsIn(cluster, site.app);
    const atFirst = {
      settings: [proxySettings('first')],
      backEnds: [...backEndOf('a'), ...backEndOf('b')],
      endpoints: [serviceOf('app', 'a')],
      gateway: [clusterGateway(site, 'shop')],
      ...routesAtFirst(makings),
    };
    for (const [name, list] of Object.entries(atFirst)) await objects.put(name, list);
    const address = await site.addressOf('shop');
    const proxy = (await site.proxyOf('shop')).name;
    await site.rolledOut(proxy, site.system);
    const entrances = { http: { address, port: 80 }, https: { address, port: 443 } };
    const world: ClusterWorld = { ...makings, ...objects, ...entrances, redis, cluster, site, proxy };
    for (const letter of ['a', 'b']) await site.rolledOut(letter, site.app);
    await isEverywhere(world.http, '/limited', 200);
    await becomes(world.http, '/filtered', { body: 'a0' });
    await becomes(world.http, '/signed', { status: 200 }, tokens.signed);
    return {
      clients: clientsOf(world.http, world.https, tokens),
      changes: clusterChanges(world, Math.min(LONGEST_OUTAGE, duration * OUTAGE_SHARE)),
      processes: () => ({
        ...numbered('controller', site.controllers()),
        ...numbered('sidecar', proxyProcesses(proxy, 'sidecar')),
        ...numbered('Envoy', proxyProcesses(proxy, 'envoy')),
      }),
      errors: () => sidecarErrors(site),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Says a line once: while the API server is away the node says the same over and over. */
function onceEach(say: (line: string) => void): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (!said.has(line)) say(`cluster: ${line.slice(0, LONGEST_LINE)}`);
    said.add(line);
  };
}

/** What the sidecars of the Gateway's proxy have logged, those that are there now. */
async function sidecarErrors(site: GatewaySite): Promise<readonly Told[]> {
  const names = [...(await site.podsOf('shop')).keys()];
  const logs = names.map((name) => site.cluster.kubectl('logs', '-n', site.system, name, '-c', 'sidecar'));
  return (await Promise.all(logs)).flatMap((log, index) => errorsIn(log, `sidecar of ${names[index]}`));
}
