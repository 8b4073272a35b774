import { REDIS_IS_THERE, startRedis } from '#extproc/rate-limit/testing/redis-server.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { startChild } from '../bench/child.ts';
import { freePort, Site } from '../process/sluice.ts';
import { becomes } from './answers.ts';
import { clientsOf } from './clients.ts';
import { fileChanges, startOf } from './file-changes.ts';
import { filesOf, type FilesWorld, manifestsOf, type Ports, processOf, sidecarLog } from './files-world.ts';
import { errorsIn } from './logged.ts';
import { makeKeys, tokensOf } from './keys.ts';
import { toBackend } from './manifests.ts';
import { serveModules } from './module-server.ts';
import type { SoakSite } from './soak.ts';

/** Starts Sluice with one Gateway from files, a real Envoy, a Redis and two back-ends, all on loopback. */
export async function filesSite(): Promise<SoakSite> {
  if (!REDIS_IS_THERE) throw new Error('there is no redis-server: run npm test once, or set REDIS_BIN');
  const ports: Ports = {
    http: await freePort(),
    https: await freePort(),
    other: await freePort(),
    a: await freePort(),
    b: await freePort(),
  };
  const keys = makeKeys();
  const tokens = tokensOf(keys);
  const modules = await serveModules();
  const redis = await startRedis();
  const letters = ['127.0.0.1', `a=${ports.a}`, `b=${ports.b}`];
  const backEnds = startChild(process.execPath, ['test/soak/back-end-process.ts', ...letters], ROOT);
  const makings = { keys, modules, to: toBackend };
  const site = await Site.make(manifestsOf(ports, makings));
  site.configure({ sluice: { redis: { url: redis.url } } });
  const entrances = { http: { port: ports.http }, https: { port: ports.https } };
  const world: FilesWorld = { ...makings, ...entrances, ...filesOf(site), ports, redis, site };
  const stop = async (): Promise<void> => {
    await site.destroy();
    await backEnds.stop();
    await modules.stop();
    await redis.stop();
  };
  try {
    await startOf(world);
    await becomes(world.http, '/limited', { status: 200 });
    await becomes(world.http, '/filtered', { body: 'a0' });
    await becomes(world.http, '/signed', { status: 200 }, tokens.signed);
  } catch (error) {
    const log = site.log().map((line) => JSON.stringify(line));
    await stop();
    throw new Error(`the site does not serve; its controller logged:\n${log.slice(-20).join('\n')}`, { cause: error });
  }
  return {
    clients: clientsOf(world.http, world.https, tokens),
    changes: fileChanges(world),
    processes: () => ({ controller: site.pid, sidecar: processOf(site, 'sidecar'), Envoy: processOf(site, 'envoy') }),
    errors: () => Promise.resolve(errorsIn(sidecarLog(site), 'sidecar')),
    stop,
  };
}
