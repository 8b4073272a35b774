import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectCluster } from './control-plane.ts';
import { type Detour, openDetour } from './detour.ts';
import { GatewaySite, letPass, routeTo, shopOf, statusOf, until, untilStatus } from './gateway-site.ts';
import { NODE_ADDRESS } from './node/pod-network.ts';
import { sendSteadily } from './steady-traffic.ts';

/** How long the API server is in trouble, of each kind. Milliseconds. */
const TROUBLE = 8_000;
const LONG = 240_000;

describe('an API server that is slow, silent or busy', () => {
  const folder = inject('cluster');
  let site: GatewaySite;
  let detour: Detour;
  let address = '';
  beforeAll(async () => {
    site = await GatewaySite.install(connectCluster(folder), { name: 'slow', pace: {} });
    detour = await openDetour(folder);
    // As a cluster tells its pods where the API server is.
    const way = [`KUBERNETES_SERVICE_HOST=${NODE_ADDRESS}`, `KUBERNETES_SERVICE_PORT=${detour.port}`];
    await site.cluster.kubectl('set', 'env', 'deployment/envoy-gateway', '-n', site.system, ...way);
    await site.rolledOut('envoy-gateway', site.system);
    await site.cluster.apply(shopOf(site));
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
    await site.untilServed('shop');
    expect(detour.asked).toBeGreaterThan(20);
  });
  afterAll(async () => {
    detour.feel({});
    await site.remove();
    await detour.close();
  });

  const isAccepted = (route: string) => async (): Promise<boolean> => {
    const path = '{.status.parents[0].conditions[?(@.type=="Accepted")].status}';
    return (await site.get('httproute', route, '-o', `jsonpath=${path}`)) === 'True';
  };

  async function during(trouble: () => Promise<void>): Promise<void> {
    const pods = [...(await site.podsOf('shop')).keys()];
    const [controller] = site.controllers();
    const traffic = sendSteadily(`http://${address}/app`);
    try {
      await trouble();
    } finally {
      detour.feel({});
    }
    const { lost, connections, sent } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(connections).toBe(4);
    expect(sent).toBeGreaterThan(100);
    expect([...(await site.podsOf('shop')).keys()]).toEqual(pods);
    expect(site.controllers()).toEqual([controller]);
  }

  it(
    'is waited for where every answer is seconds late, and statuses come',
    async () => {
      await during(async () => {
        detour.feel({ delay: 2_000 });
        await site.cluster.apply(routeTo(site.app, 'late', '/late'));
        await untilStatus(`http://${address}/late`, 200);
        await until('the status is written', isAccepted('late'), LONG);
        // What it has to read anew it waits for, too.
        detour.cut();
        await site.cluster.apply(routeTo(site.app, 'later', '/later'));
        await untilStatus(`http://${address}/later`, 200);
        await until('the status is written', isAccepted('later'), LONG);
      });
    },
    LONG * 3,
  );

  it(
    'changes nothing while its watches are silent, and loses nothing of what happened',
    async () => {
      await during(async () => {
        detour.feel({ isStalled: true });
        await site.cluster.apply(routeTo(site.app, 'silent', '/silent'));
        await site.cluster.kubectl('delete', 'httproute', '-n', site.app, 'late');
        await letPass(TROUBLE);
        expect(await statusOf(`http://${address}/silent`)).toBe(404);
        expect(await statusOf(`http://${address}/late`)).toBe(200);
        detour.feel({});
        await untilStatus(`http://${address}/silent`, 200);
        await untilStatus(`http://${address}/late`, 404);
        await until('the status is written', isAccepted('silent'), LONG);
      });
    },
    LONG * 2,
  );

  it.each([{ status: 429, retryAfter: 2 }, { status: 503, retryAfter: 2 }, { status: 500 }])(
    'that answers $status is asked rarely, and all is taken over and written at last',
    async (refuse) => {
      const name = `refused-${refuse.status}`;
      await during(async () => {
        detour.feel({ refuse });
        detour.cut();
        const before = detour.asked;
        await site.cluster.apply(routeTo(site.app, name, `/${name}`));
        await letPass(TROUBLE);
        // Some 30 kinds, a Lease, and pauses that grow.
        expect(detour.asked - before).toBeLessThan(300);
        expect(await statusOf(`http://${address}/${name}`)).toBe(404);
        detour.feel({});
        await untilStatus(`http://${address}/${name}`, 200);
        await until('the status is written', isAccepted(name), LONG);
      });
    },
    LONG * 2,
  );
});
