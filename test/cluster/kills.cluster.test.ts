import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectCluster } from './control-plane.ts';
import { envoyStats, GatewaySite, routeTo, shopOf, until, untilStatus } from './gateway-site.ts';
import { sendSteadily } from './steady-traffic.ts';

/** What an Envoy has taken over of its configuration, ever: a resource that it has already is none of it. */
const TAKEN =
  /^envoy_(listener_manager_listener_(added|modified|removed)|cluster_manager_cluster_(added|modified|removed)|http_rds_config_reload|cluster_update_success\{envoy_cluster_name="service)/u;
const KILLS = 20;

describe('a controller that is killed again and again under load', () => {
  let site: GatewaySite;
  let address = '';
  beforeAll(async () => {
    site = await GatewaySite.install(connectCluster(inject('cluster')), { name: 'kills' });
    await site.cluster.apply(shopOf(site));
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
  });
  afterAll(() => site.remove());

  it('loses no request, ends no connection, and tells proxies nothing that they have', async () => {
    const [pod = ''] = (await site.podsOf('shop')).values();
    const before = await envoyStats(pod, TAKEN);
    expect(before.size).toBeGreaterThan(5);
    const traffic = sendSteadily(`http://${address}/app`);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await until('there is a controller', () => Promise.resolve(site.controllers().length > 0));
      const [controller = 0] = site.controllers();
      process.kill(controller, 'SIGKILL');
      await until('there is another controller', () =>
        Promise.resolve(site.controllers().some((pid) => pid !== controller)),
      );
      // Every second one is killed while it starts.
      if (kill % 2 === 0) await site.untilServed('shop');
    }
    let now = await envoyStats(pod, TAKEN);
    await until('Envoy says what it has taken', async () => (now = await envoyStats(pod, TAKEN)).size > 0);
    expect(now).toEqual(before);
    await site.cluster.apply(routeTo(site.app, 'later', '/later'));
    await untilStatus(`http://${address}/later`, 200);
    const { sent, lost, connections } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(connections).toBe(4);
    expect(sent).toBeGreaterThan(1_000);
  }, 900_000);
});
