import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectCluster } from './control-plane.ts';
import { echoOf, GatewaySite, shopOf, statusOf, until, untilStatus } from './gateway-site.ts';
import { sendSteadily } from './steady-traffic.ts';

/** A namespace of a team whose routes are led to by somebody else's Gateway, one of them guarded. */
const teamOf = ({ app }: GatewaySite, team: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${team} }
---${echoOf(team)}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: open, namespace: ${team} }
spec:
  parentRefs: [{ name: shop, namespace: ${app} }]
  rules: [{ matches: [{ path: { type: PathPrefix, value: /open } }], backendRefs: [{ name: echo, port: 80 }] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: guarded, namespace: ${team} }
spec:
  parentRefs: [{ name: shop, namespace: ${app} }]
  rules: [{ matches: [{ path: { type: PathPrefix, value: /guarded } }], backendRefs: [{ name: echo, port: 80 }] }]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: guard, namespace: ${team} }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: guarded }]
  authorization: { defaultAction: Deny }
---`;

const everybody = (manifest: string): string =>
  manifest.replace('protocol: HTTP }', 'protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }');

describe('what goes while it serves', () => {
  let site: GatewaySite;
  let address = '';
  const team = 'going-team';
  beforeAll(async () => {
    site = await GatewaySite.install(connectCluster(inject('cluster')), { name: 'going' });
    await site.cluster.apply(everybody(shopOf(site)) + teamOf(site, team));
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
    await untilStatus(`http://${address}/open`, 200);
    await untilStatus(`http://${address}/guarded`, 403);
  });
  afterAll(() => site.remove());

  const ownedBy = (gateway: string, kinds: string): Promise<string> => {
    const owner = `gateway.envoyproxy.io/owning-gateway-name=${gateway},gateway.envoyproxy.io/owning-gateway-namespace=${site.app}`;
    return site.cluster.kubectl('get', kinds, '-n', site.system, '-l', owner, '-o', 'name');
  };

  it('a namespace: its routes end, never open where they were guarded, and no other request is lost', async () => {
    const traffic = sendSteadily(`http://${address}/app`);
    const seen = new Set<number>();
    await site.cluster.kubectl('delete', 'namespace', team, '--wait=false');
    await until('its routes are gone', async () => {
      const status = await statusOf(`http://${address}/guarded`);
      seen.add(status);
      return status === 404 && (await statusOf(`http://${address}/open`)) === 404;
    });
    expect(seen).not.toContain(200);
    await until(
      'nothing of it is attached',
      async () => (await site.get('gateway', 'shop', '-o', 'jsonpath={.status.listeners[0].attachedRoutes}')) === '1',
    );
    await until(
      'it is gone',
      async () => (await site.cluster.kubectl('get', 'namespace', team, '--ignore-not-found')) === '',
    );
    const { lost, connections } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(connections).toBe(4);
  });

  it('objects of a proxy, which are made again; what somebody changed in them is changed back', async () => {
    const { namespace, name } = await site.proxyOf('shop');
    const own = ['-n', namespace] as const;
    const uidOf = (kind: string): Promise<string> =>
      site.cluster.kubectl('get', kind, name, ...own, '-o', 'jsonpath={.metadata.uid}');
    for (const kind of ['configmap', 'service', 'deployment']) {
      const before = await uidOf(kind);
      await site.cluster.kubectl('delete', kind, name, ...own, '--wait=false');
      await until(`${kind} is there again`, async () => ![before, ''].includes(await uidOf(kind)));
    }
    await site.rolledOut(name, namespace);
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
    const replicas = (): Promise<string> =>
      site.cluster.kubectl('get', 'deployment', name, ...own, '-o', 'jsonpath={.spec.replicas}');
    await site.cluster.kubectl('scale', 'deployment', name, ...own, '--replicas=3');
    await until('one copy is wanted again', async () => (await replicas()) === '1');
    const type = (): Promise<string> =>
      site.cluster.kubectl('get', 'service', name, ...own, '-o', 'jsonpath={.spec.type}');
    await site.cluster.kubectl('patch', 'service', name, ...own, '-p', '{"spec":{"type":"NodePort"}}');
    await until('its Service is as it was', async () => (await type()) === 'LoadBalancer');
    await until('it serves', async () => {
      address = await site.addressOf('shop');
      return (await statusOf(`http://${address}/app`)) === 200;
    });
  });

  it('a Gateway: everything that was made for it, and nothing of another', async () => {
    const everything = 'deployments,services,configmaps,secrets,serviceaccounts,pods';
    const second = shopOf(site).replaceAll('name: shop', 'name: second').replace('name: app', 'name: app-of-second');
    await site.cluster.apply(second);
    const other = await site.addressOf('second');
    await untilStatus(`http://${other}/app`, 200);
    const traffic = sendSteadily(`http://${address}/app`);
    await site.cluster.kubectl('delete', 'gateway', 'second', '-n', site.app);
    let left = '';
    await until(
      () => `nothing of it is left: ${left}`,
      async () => (left = await ownedBy('second', everything)) === '',
    );
    expect((await ownedBy('shop', everything)).split('\n').filter((line) => line !== '').length).toBeGreaterThan(5);
    const { lost, connections } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(connections).toBe(4);
  });
});
