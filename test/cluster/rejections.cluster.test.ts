import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { leaseName } from '#controller/kubernetes/lease/lease-name.ts';
import { connectCluster } from './control-plane.ts';
import { GatewaySite, letPass, shopOf, textOf, until, untilStatus } from './gateway-site.ts';

/** A port that no Envoy takes. */
const patchOf = ({ app }: GatewaySite): string => `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyPatchPolicy
metadata: { name: wrong, namespace: ${app} }
spec:
  targetRef: { group: gateway.networking.k8s.io, kind: Gateway, name: shop }
  type: JSONPatch
  jsonPatches:
  - type: type.googleapis.com/envoy.config.listener.v3.Listener
    name: ${app}/shop/web
    operation: { op: replace, path: /address/socket_address/port_value, value: 70000 }
`;

describe('what a proxy rejects that is connected to a replica which does not lead', () => {
  let site: GatewaySite;
  let address = '';
  beforeAll(async () => {
    site = await GatewaySite.install(connectCluster(inject('cluster')), { name: 'rejections', replicas: 2 });
    await site.cluster.apply(shopOf(site));
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
  });
  afterAll(() => site.remove());

  const lease = (): string => leaseName(site.controllerName);
  const leader = (): Promise<string> =>
    site.cluster.kubectl('get', 'lease', lease(), '-n', site.system, '-o', 'jsonpath={.spec.holderIdentity}');

  /** The name of the pod that the proxy is connected to. */
  async function server(): Promise<string> {
    const flags = ['-n', site.system, '-l', 'control-plane=envoy-gateway'];
    const path = '{range .items[*]}{.metadata.name} {.status.podIP}{"\\n"}{end}';
    const pods = await site.cluster.kubectl('get', 'pods', ...flags, '-o', `jsonpath=${path}`);
    const connected = `sluice_proxy_connected{gateway="${site.app}/shop"} 1`;
    for (const line of pods.trim().split('\n')) {
      const [name = '', own = ''] = line.split(' ');
      if ((await textOf(`http://${own}:19001/metrics`)).includes(connected)) return name;
    }
    return '';
  }

  it('is an Event of the objects that it concerns, and the proxy serves on', async () => {
    await site.untilServed('shop');
    const serving = await server();
    await until('another replica leads', async () => {
      const [leads = ''] = (await leader()).split('_');
      if (leads !== '' && leads !== serving) return true;
      const free = JSON.stringify({ spec: { holderIdentity: '' } });
      await site.cluster.kubectl('patch', 'lease', lease(), '-n', site.system, '--type=merge', '-p', free);
      await letPass(1_500);
      return false;
    });
    await site.cluster.apply(patchOf(site));
    const about = async (kind: string): Promise<string> => {
      const path = '{range .items[*]}{.message}{"\\n"}{end}';
      const of = `involvedObject.kind=${kind},reason=Rejected`;
      return site.get('events', '--field-selector', of, '-o', `jsonpath=${path}`);
    };
    const name = `listener ${site.app}/shop/web`;
    await until('it is told of the Gateway', async () => (await about('Gateway')).includes(name));
    await until('it is told of the policy', async () => (await about('EnvoyPatchPolicy')).includes(name));
    expect(await server()).toBe(serving);
    await untilStatus(`http://${address}/app`, 200);
  });
});
