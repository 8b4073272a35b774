import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectCluster } from './control-plane.ts';
import { echoOf, GatewaySite, letPass, routeTo, shopOf, statusOf, untilStatus } from './gateway-site.ts';
import { switchApiServer } from './power-switch.ts';
import { sendSteadily } from './steady-traffic.ts';

/** How long the API server is away: a minute tells what an hour would. `SLUICE_OUTAGE_SECONDS` says otherwise. */
const OUTAGE = Number(process.env['SLUICE_OUTAGE_SECONDS'] ?? '40') * 1_000;

describe('while the API server is away', () => {
  const folder = inject('cluster');
  let site: GatewaySite;
  let address = '';
  beforeAll(async () => {
    site = await GatewaySite.install(connectCluster(folder), { name: 'outage' });
    await site.cluster.apply(shopOf(site) + routeTo(site.app, 'doomed', '/doomed'));
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/doomed`, 200);
  });
  afterAll(async () => {
    await switchApiServer(folder, 'off');
    await switchApiServer(folder, 'on');
    await site.remove();
  });

  it(
    'no request is lost and no connection ended; afterwards what has changed is in force',
    async () => {
      const traffic = sendSteadily(`http://${address}/app`);
      const [controller = ''] = await site.controllerAddresses();
      const pods = [...(await site.podsOf('shop')).keys()];
      const answers: number[] = [];
      await switchApiServer(folder, 'off');
      try {
        for (const end = Date.now() + OUTAGE; Date.now() < end;) {
          await letPass(1_000);
          answers.push(await statusOf(`http://${controller}:8081/readyz`));
        }
      } finally {
        await switchApiServer(folder, 'on');
      }
      // 0 is no answer in time, as of a machine that is busy.
      expect(answers.filter((status) => status !== 200 && status !== 0)).toEqual([]);
      expect(answers.filter((status) => status === 200).length).toBeGreaterThan(answers.length / 2);
      // At once: before anybody has seen that it is back.
      await site.cluster.kubectl('delete', 'httproute', '-n', site.app, 'doomed');
      await site.cluster.apply(routeTo(site.app, 'fresh', '/fresh'));
      await untilStatus(`http://${address}/fresh`, 200);
      await untilStatus(`http://${address}/doomed`, 404);
      await site.cluster.apply(echoOf(site.app).replace('replicas: 2', 'replicas: 3'));
      await site.rolledOut('echo', site.app);
      const { lost, connections } = await traffic.stop();
      expect(lost).toEqual([]);
      expect(connections).toBe(4);
      expect([...(await site.podsOf('shop')).keys()]).toEqual(pods);
    },
    OUTAGE + 600_000,
  );
});
