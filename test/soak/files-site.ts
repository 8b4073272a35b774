import { REDIS_IS_THERE, startRedis } from '#extproc/rate-limit/testing/redis-server.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { startChild } from '../bench/child.ts';
import { freePort, Site } from '../process/sluice.ts';
import { clientsOf, type Tokens } from './clients.ts';
import { changesOf, startOf } from './file-changes.ts';
import { becomes, type FilesWorld, FOREVER, type Keys, manifestsOf, type Ports, processOf } from './files-world.ts';
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
  const keys = { envoy: issuer('RS256'), sidecar: issuer('EdDSA') } as const;
  const tokens = tokensOf(keys);
  const modules = await serveModules();
  const redis = await startRedis();
  const letters = [ports.a, ports.b].map(String);
  const backEnds = startChild(process.execPath, ['test/soak/back-end-process.ts', ...letters], ROOT);
  const site = await Site.make(manifestsOf({ ports, keys, modules }));
  site.configure({ sluice: { redis: { url: redis.url } } });
  const world: FilesWorld = { ports, keys, modules, redis, site };
  const stop = async (): Promise<void> => {
    await site.destroy();
    await backEnds.stop();
    modules.stop();
    await redis.stop();
  };
  try {
    await startOf(world);
    await becomes(ports.http, '/limited', { status: 200 });
    await becomes(ports.http, '/filtered', { body: 'a0' });
    await becomes(ports.http, '/signed', { status: 200 }, tokens.signed);
  } catch (error) {
    const log = site.log().map((line) => JSON.stringify(line));
    await stop();
    throw new Error(`the site does not serve; its controller logged:\n${log.slice(-20).join('\n')}`, { cause: error });
  }
  return {
    clients: clientsOf(ports.http, ports.https, tokens),
    changes: changesOf(world),
    processes: () => ({ controller: site.pid, sidecar: processOf(site, 'sidecar'), Envoy: processOf(site, 'envoy') }),
    stop,
  };
}

function tokensOf({ envoy, sidecar }: Keys): Tokens {
  const alice = envoy.token({ sub: 'alice', ...FOREVER });
  const turned = alice.slice(-20).split('').toReversed().join('');
  return {
    alice,
    mallory: envoy.token({ sub: 'mallory', ...FOREVER }),
    forged: `${alice.slice(0, -20)}${turned}`,
    signed: sidecar.token({ sub: 'alice', ...FOREVER }),
  };
}
