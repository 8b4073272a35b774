import { afterAll, beforeAll, expect, it } from 'vitest';
import { encode } from '#controller/xds/build/message.ts';
import { EMPTY_SNAPSHOT, type XdsSnapshot, xdsResource } from '#controller/xds/snapshot.ts';
import { heldWords } from './held-words.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';

const NAME = 'site';

/** A cluster, which Envoy takes where its timeout is no negative one. */
function timingOut(seconds: bigint): XdsSnapshot {
  const body = encode('envoy.config.cluster.v3.Cluster', { name: NAME, connectTimeout: { seconds } });
  return { ...EMPTY_SNAPSHOT, cluster: new Map([[NAME, xdsResource('cluster', NAME, body)]]) };
}

const words = heldWords();
let envoy: LiveEnvoy;
beforeAll(async () => {
  envoy = await startLiveEnvoy(words.through);
});
afterAll(() => envoy.stop());

const timeouts = async (): Promise<readonly string[]> => {
  const dump = await envoy.admin('/config_dump?resource=dynamic_active_clusters');
  return dump.match(/"connect_timeout": "[^"]*"/gu) ?? [];
};
const rejected = async (): Promise<number> => {
  const stats = await envoy.admin('/stats?filter=cluster_manager.cds.update_rejected');
  return Number(/: (\d+)/u.exec(stats)?.[1] ?? 0);
};

it("Envoy's rejection of a cluster that has been mended on its way is not about the mended one", async () => {
  expect(await envoy.publish(timingOut(1n))).toEqual([]);
  words.hold();
  const broken = envoy.publish(timingOut(-1n));
  await expect.poll(rejected, { timeout: 30_000, interval: 20 }).toBe(1);
  expect(await timeouts()).toEqual(['"connect_timeout": "1s"']);
  const mended = envoy.publish(timingOut(2n));
  words.release();
  expect(await mended).toEqual([]);
  expect(await timeouts()).toEqual(['"connect_timeout": "2s"']);

  expect(await envoy.publish(timingOut(-1n))).toMatchObject([{ type: 'cluster', name: NAME }]);
  void broken;
});
