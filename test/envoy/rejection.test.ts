import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import { encode } from '#controller/xds/build/message.ts';
import { lower } from '#controller/xds/lower.ts';
import { type XdsSnapshot, xdsResource } from '#controller/xds/snapshot.ts';
import { plainProxy, plainRoute } from '#controller/xds/testing/plain-proxy.ts';
import { withhold } from '#controller/xds/withhold.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';

const PORT = 18_182;
const MANY = 1_000;
const BAD = 'cluster-500';

/** A proxy with a route to each of many clusters. */
function proxy(count: number): ProxyIr {
  const names = Array.from({ length: count }, (_, index) => `cluster-${index}`);
  const routes = names.map((name, index) => plainRoute(`route-${index}`, { kind: 'exact', value: `/${index}` }, name));
  return plainProxy({ address: '127.0.0.1', port: PORT }, routes, names);
}

/** Makes one cluster such that Envoy rejects it. */
function tampered(snapshot: XdsSnapshot): XdsSnapshot {
  const bad = encode('envoy.config.cluster.v3.Cluster', { name: BAD, connectTimeout: { seconds: -1n } });
  return { ...snapshot, cluster: new Map([...snapshot.cluster, [BAD, xdsResource('cluster', BAD, bad)]]) };
}

describe('one resource among a thousand that Envoy rejects', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  const statusOf = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${PORT}${path}`)).status;

  it('is told with its words; all others go live, and only routes to it are held back', async () => {
    const ir = proxy(MANY);
    const rejections = await envoy.publish(tampered(lower(ir, undefined)));
    expect(rejections).toMatchObject([
      { type: 'cluster', name: BAD, message: expect.stringContaining('Invalid duration') },
    ]);
    expect(
      await envoy.publish(
        lower(withhold(ir, { clusters: new Set([BAD]), routes: new Set(), warming: new Set() }, undefined), undefined),
      ),
    ).toEqual([]);
    const known = await envoy.admin('/clusters?format=text');
    const clusters = new Set(known.split('\n').map((line) => line.split('::')[0]));
    expect([...clusters].filter((name) => name?.startsWith('cluster-'))).toHaveLength(MANY - 1);
    // A cluster without endpoints is 503: the request got to it.
    expect([await statusOf('/499'), await statusOf('/500'), await statusOf('/501')]).toEqual([503, 500, 503]);
  });
});
