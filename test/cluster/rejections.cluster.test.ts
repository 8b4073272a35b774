import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { leaseName } from '#controller/kubernetes/lease/lease-name.ts';
import { connectCluster } from './control-plane.ts';
import { NODE_ADDRESS } from './node/pod-network.ts';
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

/** Adds a cluster whose name is to be resolved by who never answers. */
const waitingOf = ({ app }: GatewaySite, port: number): string => `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyPatchPolicy
metadata: { name: waiting, namespace: ${app} }
spec:
  targetRef: { group: gateway.networking.k8s.io, kind: Gateway, name: shop }
  type: JSONPatch
  jsonPatches:
  - type: type.googleapis.com/envoy.config.cluster.v3.Cluster
    name: own
    operation:
      op: add
      path: ""
      value:
        name: own
        type: STRICT_DNS
        connect_timeout: 1s
        load_assignment:
          cluster_name: own
          endpoints:
          - lb_endpoints: [{ endpoint: { address: { socket_address: { address: nowhere.example, port_value: 80 } } } }]
        typed_dns_resolver_config:
          name: envoy.network.dns_resolver.cares
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig
            resolvers: [{ socket_address: { address: ${NODE_ADDRESS}, port_value: ${port} } }]
            dns_resolver_options: { no_default_search_domain: true }
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

  /** The pods whose replicas tell the others something. */
  const tellers = (): Promise<string> => {
    const which = ['configmaps', '-n', site.system, '-l', 'sluice.dev/rejections'];
    return site.cluster.kubectl('get', ...which, '-o', 'jsonpath={.items[*].metadata.ownerReferences[0].name}');
  };
  const named = (): string => `listener ${site.app}/shop/web`;
  const programmed = (kind: string, name: string, conditions: string): Promise<string> => {
    const of = `${conditions}[?(@.type=="Programmed")]`;
    return site.get(kind, name, '-o', `jsonpath={${of}.status} {${of}.message}`);
  };
  const gateway = (): Promise<string> => programmed('gateway', 'shop', '.status.conditions');
  const policy = (): Promise<string> => programmed('envoypatchpolicy', 'wrong', '.status.ancestors[0].conditions');
  const isBad = (say: () => Promise<string>) => async (): Promise<boolean> => {
    const text = await say();
    return text.startsWith('False ') && text.includes(named());
  };
  const isFine = async (): Promise<boolean> => (await gateway()).startsWith('True ');

  /** Waits until the replica that serves the proxy, and no other, tells something; resolves with its pod. */
  async function untilTold(): Promise<string> {
    let serving = '';
    await until('what it rejects is told', async () => {
      serving = await server();
      return serving !== '' && (await tellers()) === serving;
    });
    return serving;
  }

  /** Has the Lease given up, again and again, until a leader is there that is wanted. */
  async function ledBy(what: string, isWanted: (pod: string, identity: string) => Promise<boolean>): Promise<void> {
    await until(what, async () => {
      const identity = await leader();
      const [pod = ''] = identity.split('_');
      if (pod !== '' && (await isWanted(pod, identity))) return true;
      const free = JSON.stringify({ spec: { holderIdentity: '' } });
      await site.cluster.kubectl('patch', 'lease', lease(), '-n', site.system, '--type=merge', '-p', free);
      await letPass(1_500);
      return false;
    });
  }

  /** Has another replica lead than the one that the proxy is connected to. */
  async function ledByAnother(): Promise<void> {
    await site.untilServed('shop');
    await ledBy('another replica leads', async (pod) => {
      const serving = await server();
      return serving !== '' && pod !== serving;
    });
  }

  it('is in the status of the objects that it concerns, and an Event of them; and the proxy serves on', async () => {
    await ledByAnother();
    await site.cluster.apply(patchOf(site));
    await until('the Gateway says it', isBad(gateway));
    await until('the policy says it', isBad(policy));
    const about = async (kind: string): Promise<string> =>
      site.get('events', '--field-selector', `involvedObject.kind=${kind}`, '-o', 'jsonpath={.items[*].message}');
    await until('it is told of the Gateway', async () => (await about('Gateway')).includes(named()));
    await until('it is told of the policy', async () => (await about('EnvoyPatchPolicy')).includes(named()));
    await untilTold();
    await untilStatus(`http://${address}/app`, 200);
  });

  it('is there as well when another replica leads', async () => {
    const before = await leader();
    await ledBy('another replica has led', (_, identity) => Promise.resolve(identity !== before));
    await until('the Gateway says it', isBad(gateway));
    await until('the policy says it', isBad(policy));
  });

  it('goes when its cause goes', async () => {
    await ledByAnother();
    await until('the Gateway says it', isBad(gateway));
    await site.cluster.kubectl('delete', 'envoypatchpolicy', 'wrong', '-n', site.app);
    await until('the Gateway is programmed', isFine);
    await until('nobody is told anything', async () => (await tellers()) === '');
  });

  it('goes with the replica that told it', async () => {
    await ledByAnother();
    await site.cluster.apply(patchOf(site));
    await until('the Gateway says it', isBad(gateway));
    const serving = await untilTold();
    await site.cluster.kubectl('delete', 'pod', serving, '-n', site.system, '--grace-period=0', '--force');
    // It may have gone before it heard of that.
    await site.cluster.kubectl('delete', 'envoypatchpolicy', 'wrong', '-n', site.app);
    await until('the Gateway is programmed', isFine);
    await site.untilServed('shop');
    await until('nobody is told anything', async () => (await tellers()) === '');
    await untilStatus(`http://${address}/app`, 200);
  });

  it('and what it waits for is told in an Event of the Gateway, whichever replica it is connected to', async () => {
    const silent = createSocket('udp4').bind(0, NODE_ADDRESS);
    try {
      await once(silent, 'listening');
      await ledByAnother();
      await site.cluster.apply(waitingOf(site, silent.address().port));
      const which = ['--field-selector', 'involvedObject.kind=Gateway,reason=Warming'];
      const told = (): Promise<string> => site.get('events', ...which, '-o', 'jsonpath={.items[*].message}');
      await until('it is told of the Gateway', async () => (await told()).includes('usable: own;'));
      await untilStatus(`http://${address}/app`, 200);
    } finally {
      silent.close();
    }
  });
});
