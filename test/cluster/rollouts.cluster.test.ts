import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectCluster } from './control-plane.ts';
import { GatewaySite, letPass, routeTo, shopOf, until, untilStatus } from './gateway-site.ts';
import { sendSteadily } from './steady-traffic.ts';

/** The settings of proxies, with what their pods are to say of themselves. */
const proxySettings = ({ app }: GatewaySite, note: string): string => `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: { name: settings, namespace: ${app} }
spec:
  shutdown: { drainTimeout: 10s, minDrainDuration: 3s }
  provider:
    type: Kubernetes
    kubernetes:
      envoyDeployment:
        replicas: 2
        pod: { annotations: { example.com/note: ${note} } }
---`;
const PARAMETERS = `infrastructure: { parametersRef: { group: gateway.envoyproxy.io, kind: EnvoyProxy, name: settings } }`;

describe('under load', () => {
  let site: GatewaySite;
  let address = '';
  beforeAll(async () => {
    site = await GatewaySite.install(connectCluster(inject('cluster')), { name: 'rollouts', replicas: 3 });
    await site.cluster.apply(proxySettings(site, 'first') + shopOf(site, PARAMETERS));
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
  });
  afterAll(() => site.remove());

  const readyPods = (): Promise<ReadonlyMap<string, boolean>> => site.readinessOf('shop');
  const countReady = async (): Promise<number> => [...(await readyPods()).values()].filter((ready) => ready).length;

  it('pods of a proxy are replaced without a request lost', async () => {
    await until('both copies are ready', async () => (await countReady()) === 2);
    const before = [...(await readyPods()).keys()];
    const traffic = sendSteadily(`http://${address}/app`);
    await site.cluster.apply(proxySettings(site, 'second'));
    await until('two others are ready, and the first are gone', async () => {
      const now = await readyPods();
      return now.size === 2 && (await countReady()) === 2 && before.every((name) => !now.has(name));
    });
    const { sent, lost, connections } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(sent).toBeGreaterThan(500);
    // They have been asked to go elsewhere, and have.
    expect(connections).toBeGreaterThan(4);
  });

  it('replicas of the controller are replaced without a request lost, a connection ended or an edit forgotten', async () => {
    const traffic = sendSteadily(`http://${address}/app`);
    await site.cluster.kubectl('rollout', 'restart', 'deployment/envoy-gateway', '-n', site.system);
    await site.cluster.apply(routeTo(site.app, 'during', '/during'));
    await site.rolledOut('envoy-gateway', site.system);
    await site.untilServed('shop');
    await untilStatus(`http://${address}/during`, 200);
    const { lost, connections } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(connections).toBe(4);
  });

  it('another replica of the controller writes when the one that leads is gone', async () => {
    await until('somebody leads', async () => (await site.leader()) !== '');
    const first = await site.leader();
    const traffic = sendSteadily(`http://${address}/app`);
    // "<pod>_<something of its own>"
    const [pod = ''] = first.split('_');
    await site.cluster.kubectl('delete', 'pod', '-n', site.system, pod, '--grace-period=0', '--force');
    await site.cluster.apply(routeTo(site.app, 'heir', '/heir'));
    await untilStatus(`http://${address}/heir`, 200);
    await until('another leads', async () => ![first, ''].includes(await site.leader()));
    await until('the status of the route is written', async () =>
      (await site.get('httproute', 'heir', '-o', 'jsonpath={.status.parents[*].conditions[*].reason}')).includes(
        'Accepted',
      ),
    );
    const { lost, connections } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(connections).toBe(4);
  });

  it('a pod of a proxy takes requests only when it holds its configuration', async () => {
    const { system, cluster } = site;
    const traffic = sendSteadily(`http://${address}/app`);
    await cluster.kubectl('scale', 'deployment/envoy-gateway', '-n', system, '--replicas=0');
    await until('there is no controller', () => Promise.resolve(site.controllers().length === 0));
    const [first = ''] = (await readyPods()).keys();
    await cluster.kubectl('delete', 'pod', '-n', system, first, '--wait=false');
    await until('another pod is there', async () => {
      const names = [...(await readyPods()).keys()];
      return names.length === 2 && !names.includes(first);
    });
    await letPass(2_000);
    expect(await countReady()).toBe(1);
    await cluster.kubectl('scale', 'deployment/envoy-gateway', '-n', system, '--replicas=3');
    await until('it is ready, too', async () => (await countReady()) === 2);
    expect((await traffic.stop()).lost).toEqual([]);
  });
});
