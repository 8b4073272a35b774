/** What proxies of a real cluster are, with two installations beside each other: one of each deploy type, of different names. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { connectCluster } from './control-plane.ts';
import { GatewaySite, routeTo, textOf, until, untilStatus } from './gateway-site.ts';

const cluster = connectCluster(inject('cluster'));
const DEPLOYS = ['ControllerNamespace', 'GatewayNamespace'] as const;
const NAMES = { ControllerNamespace: 'apart', GatewayNamespace: 'beside' } as const;
const OBJECTS = 'serviceaccounts,configmaps,secrets,services,deployments,daemonsets,hpa,pdb';

/** A Gateway with all that its infrastructure can say. */
const shop = ({ app, gatewayClass }: GatewaySite, team: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop, namespace: ${app} }
spec:
  gatewayClassName: ${gatewayClass}
  infrastructure:
    labels: { team: ${team} }
    annotations: { example.com/cost-centre: "${team}-7" }
  listeners: [{ name: web, port: 80, protocol: HTTP }]
---${routeTo(app, 'app', '/app')}`;

/** A Gateway whose proxy runs as an EnvoyProxy says, with a route at its name. */
const variant = ({ app, gatewayClass }: GatewaySite, name: string, spec: object): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ${app} }
spec:
  gatewayClassName: ${gatewayClass}
  infrastructure: { parametersRef: { group: gateway.envoyproxy.io, kind: EnvoyProxy, name: ${name} } }
  listeners: [{ name: web, port: 80, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: ${app} }
spec:
  parentRefs: [{ name: ${name} }]
  rules: [{ matches: [{ path: { type: PathPrefix, value: /${name} } }], backendRefs: [{ name: echo, port: 80 }] }]
---
${JSON.stringify({
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'EnvoyProxy',
  metadata: { name, namespace: app },
  spec,
})}
---`;

const kubernetes = (fields: object, more: object = {}): object => ({
  provider: { type: 'Kubernetes', kubernetes: fields },
  ...more,
});

type Found = { readonly [field: string]: unknown };

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const field of path) {
    if (Array.isArray(found)) found = found[Number(field)];
    else found = isObject(found) ? found[field] : undefined;
  }
  return found;
}

async function listed(args: readonly string[]): Promise<readonly Found[]> {
  const list: unknown = JSON.parse(await cluster.kubectl('get', ...args, '-o', 'json'));
  const items = at(list, 'items');
  return Array.isArray(items) ? items.filter(isObject) : [];
}

const ownedBy = (site: GatewaySite, gateway: string): readonly string[] => [
  '-A',
  '-l',
  `gateway.envoyproxy.io/owning-gateway-name=${gateway},gateway.envoyproxy.io/owning-gateway-namespace=${site.app}`,
];

async function the(site: GatewaySite, gateway: string, plural: string): Promise<Found> {
  const [found = {}] = await listed([plural, ...ownedBy(site, gateway)]);
  return found;
}

const sites = new Map<string, GatewaySite>();
function siteOf(deploy: (typeof DEPLOYS)[number]): GatewaySite {
  const site = sites.get(deploy);
  if (site === undefined) throw new Error(`nothing is installed with ${deploy}`);
  return site;
}

beforeAll(async () => {
  await Promise.all(
    DEPLOYS.map(async (deploy) => {
      sites.set(deploy, await GatewaySite.install(cluster, { name: NAMES[deploy], deploy }));
    }),
  );
  for (const site of sites.values()) await cluster.apply(shop(site, 'blue'));
});
afterAll(async () => {
  for (const site of sites.values()) await site.remove();
});

describe.each(DEPLOYS)('a proxy of an installation with %s', (deploy) => {
  it('is reached through its Service, at the address that its Gateway tells', async () => {
    const site = siteOf(deploy);
    const address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
    const service = await the(site, 'shop', 'services');
    expect(at(service, 'status', 'loadBalancer', 'ingress', '0', 'ip')).toBe(address);
    expect(at(service, 'spec', 'ports', '0')).toMatchObject({ port: 80, targetPort: 10_080, protocol: 'TCP' });
    await untilStatus(`http://${address}/elsewhere`, 404);
  });

  it('is made of objects where they belong, by the names and labels of Envoy Gateway', async () => {
    const site = siteOf(deploy);
    await site.addressOf('shop');
    const objects = await listed([OBJECTS, ...ownedBy(site, 'shop')]);
    const shown = objects.map((object) => `${String(object['kind'])} ${String(at(object, 'metadata', 'namespace'))}`);
    const namespace = deploy === 'GatewayNamespace' ? site.app : site.system;
    expect(shown.toSorted()).toEqual(
      ['ConfigMap', 'Deployment', 'Secret', 'Service', 'ServiceAccount'].map((kind) => `${kind} ${namespace}`),
    );
    for (const object of objects) {
      expect(at(object, 'metadata', 'labels')).toMatchObject({
        'app.kubernetes.io/managed-by': 'envoy-gateway',
        team: 'blue',
        ...(deploy === 'GatewayNamespace' ? { 'gateway.networking.k8s.io/gateway-name': 'shop' } : {}),
      });
      expect(at(object, 'metadata', 'annotations')).toMatchObject({ 'example.com/cost-centre': 'blue-7' });
      // Beside its Gateway it belongs to it: who deletes the namespace or the Gateway deletes all of it.
      expect(at(object, 'metadata', 'ownerReferences', '0', 'name')).toBe(
        deploy === 'GatewayNamespace' ? 'shop' : undefined,
      );
    }
    const { name } = await site.proxyOf('shop');
    expect(name).toMatch(
      deploy === 'GatewayNamespace' ? /^shop$/u : new RegExp(`^envoy-${site.app}-shop-[0-9a-f]{8}$`, 'u'),
    );
    const [pod = {}] = await listed(['pods', ...ownedBy(site, 'shop')]);
    expect(at(pod, 'metadata', 'labels')).toMatchObject({ team: 'blue' });
  });

  it('follows what its Gateway says of it', async () => {
    const site = siteOf(deploy);
    await cluster.apply(shop(site, 'green'));
    await until('labels and annotations follow', async () => {
      const objects = await listed([OBJECTS, ...ownedBy(site, 'shop')]);
      return objects.length === 5 && objects.every((object) => at(object, 'metadata', 'labels', 'team') === 'green');
    });
    const address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
  });

  it('is made again where somebody removes or changes a part of it', async () => {
    const site = siteOf(deploy);
    const before = await site.addressOf('shop');
    const { namespace, name } = await site.proxyOf('shop');
    await cluster.kubectl('delete', 'service', '-n', namespace, name);
    await cluster.kubectl('scale', 'deployment', '-n', namespace, name, '--replicas=3');
    await until('the Service is there and the Deployment as it was', async () => {
      const service = await the(site, 'shop', 'services');
      const deployment = await the(site, 'shop', 'deployments');
      return at(service, 'metadata', 'uid') !== undefined && at(deployment, 'spec', 'replicas') === 1;
    });
    const address = await site.addressOf('shop');
    expect([before, address].every((one) => one.startsWith('10.'))).toBe(true);
    await untilStatus(`http://${address}/app`, 200);
  });

  it('goes with its Gateway, whole', async () => {
    const site = siteOf(deploy);
    await cluster.kubectl('delete', 'gateway', '-n', site.app, 'shop', '--wait=true');
    await until('nothing is left', async () => (await listed([OBJECTS, ...ownedBy(site, 'shop')])).length === 0);
    await until('no pod is left', async () => (await listed(['pods', ...ownedBy(site, 'shop')])).length === 0);
  });
});

describe('an EnvoyProxy', () => {
  const VARIANTS: { readonly [name: string]: object } = {
    'node-port': kubernetes({ envoyService: { type: 'NodePort', externalTrafficPolicy: 'Cluster' } }),
    'cluster-ip': kubernetes({ envoyService: { type: 'ClusterIP' } }),
    balanced: kubernetes({
      envoyService: {
        annotations: { 'service.beta.kubernetes.io/aws-load-balancer-type': 'nlb' },
        labels: { exposed: 'true' },
        loadBalancerClass: 'example.com/internal',
        loadBalancerIP: '10.245.7.7',
        allocateLoadBalancerNodePorts: false,
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        externalTrafficPolicy: 'Local',
      },
    }),
    'daemon-set': kubernetes({ envoyDaemonSet: { pod: { labels: { tier: 'edge' } } } }),
    scaled: kubernetes({
      envoyDeployment: { container: { resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '2' } } } },
      envoyHpa: { minReplicas: 2, maxReplicas: 3, metrics: [cpu(60)] },
      envoyPDB: { minAvailable: 1 },
    }),
    patched: kubernetes({
      envoyDeployment: {
        replicas: 2,
        pod: { annotations: { 'example.com/pod': 'yes' } },
        patch: {
          type: 'StrategicMerge',
          value: {
            spec: { template: { spec: { containers: [{ name: 'envoy', env: [{ name: 'A', value: 'b' }] }] } } },
          },
        },
      },
      envoyService: { patch: { type: 'JSONMerge', value: { spec: { sessionAffinity: 'ClientIP' } } } },
      envoyServiceAccount: { name: 'edge' },
    }),
    'as-written': kubernetes(
      { envoyDeployment: { name: 'edge-proxy' }, envoyService: { name: 'edge-service' } },
      {
        logging: { level: { default: 'info', http: 'debug' } },
        concurrency: 1,
        extraArgs: ['--drain-time-s', '20'],
        shutdown: { drainTimeout: '5s', minDrainDuration: '1s' },
        bootstrap: { type: 'Merge', value: 'stats_flush_interval: 10s' },
      },
    ),
    refused: kubernetes({ envoyDeployment: { patch: { value: { spec: { template: { spec: { nodeName: 5 } } } } } } }),
  };

  beforeAll(async () => {
    const site = siteOf('ControllerNamespace');
    await cluster.apply(
      Object.entries(VARIANTS)
        .map(([name, spec]) => variant(site, name, spec))
        .join(''),
    );
  });

  it.each(Object.keys(VARIANTS).filter((name) => name !== 'refused'))('makes a proxy that serves: %s', async (name) => {
    const site = siteOf('ControllerNamespace');
    const address = await site.addressOf(name);
    const service = await the(site, name, 'services');
    const port = name === 'node-port' ? Number(at(service, 'spec', 'ports', '0', 'nodePort')) : 80;
    await untilStatus(`http://${address}:${port}/${name}`, 200);
  });

  it('says what its Service is', async () => {
    const site = siteOf('ControllerNamespace');
    await site.addressOf('balanced');
    expect(await site.addressOf('balanced')).toBe('10.245.7.7');
    expect(await the(site, 'balanced', 'services')).toMatchObject({
      metadata: {
        labels: { exposed: 'true' },
        annotations: { 'service.beta.kubernetes.io/aws-load-balancer-type': 'nlb' },
      },
      spec: {
        type: 'LoadBalancer',
        loadBalancerClass: 'example.com/internal',
        loadBalancerIP: '10.245.7.7',
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        allocateLoadBalancerNodePorts: false,
        externalTrafficPolicy: 'Local',
      },
    });
    const clusterIp = await the(site, 'cluster-ip', 'services');
    expect(at(clusterIp, 'spec', 'type')).toBe('ClusterIP');
    expect(await site.addressOf('cluster-ip')).toBe(at(clusterIp, 'spec', 'clusterIP'));
    expect(await the(site, 'node-port', 'services')).toMatchObject({
      spec: { type: 'NodePort', externalTrafficPolicy: 'Cluster' },
    });
    expect(await the(site, 'patched', 'services')).toMatchObject({ spec: { sessionAffinity: 'ClientIP' } });
  });

  it('says what its pods are', async () => {
    const site = siteOf('ControllerNamespace');
    for (const name of ['daemon-set', 'scaled', 'patched', 'as-written']) await site.addressOf(name);
    expect(await the(site, 'daemon-set', 'daemonsets')).toMatchObject({
      spec: { template: { metadata: { labels: { tier: 'edge' } } } },
      status: { numberAvailable: 1 },
    });
    expect(await listed(['deployments', ...ownedBy(site, 'daemon-set')])).toEqual([]);
    const scaled = await the(site, 'scaled', 'deployments');
    expect(at(scaled, 'spec', 'template', 'spec', 'containers', '0', 'resources')).toEqual({
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { cpu: '2' },
    });
    expect(await the(site, 'scaled', 'hpa')).toMatchObject({
      spec: { minReplicas: 2, maxReplicas: 3, scaleTargetRef: { name: at(scaled, 'metadata', 'name') } },
    });
    expect(await the(site, 'scaled', 'pdb')).toMatchObject({ spec: { minAvailable: 1 } });
    const patched = await the(site, 'patched', 'deployments');
    expect(patched).toMatchObject({
      spec: {
        replicas: 2,
        template: { metadata: { annotations: { 'example.com/pod': 'yes' } }, spec: { serviceAccountName: 'edge' } },
      },
    });
    expect(at(patched, 'spec', 'template', 'spec', 'containers', '0', 'env')).toContainEqual({ name: 'A', value: 'b' });
    expect(at(await the(site, 'as-written', 'deployments'), 'metadata', 'name')).toBe('edge-proxy');
    expect(at(await the(site, 'as-written', 'services'), 'metadata', 'name')).toBe('edge-service');
  });

  it('gives as many pods as it says, all of which serve', async () => {
    const site = siteOf('ControllerNamespace');
    const address = await site.addressOf('patched');
    const pods = new Set<string>();
    await until('both have been met', async () => {
      pods.add(/"pod":"([^"]+)"/u.exec(await textOf(`http://${address}/patched`))?.[1] ?? '');
      return (await site.podsOf('patched')).size === 2;
    });
    await site.rolledOut(String(at(await the(site, 'patched', 'deployments'), 'metadata', 'name')), site.system);
  });

  it('that the API server refuses is told by its Gateway', async () => {
    const site = siteOf('ControllerNamespace');
    await until('the Gateway says why', async () => {
      const text = await site.get('gateway', 'refused', '-o', 'jsonpath={.status.conditions}');
      return /"Programmed"/u.test(text) && /nodeName/u.test(text);
    });
  });

  it('that is taken away leaves a proxy as nobody says it, and nothing of what it had said', async () => {
    const site = siteOf('ControllerNamespace');
    await site.addressOf('scaled');
    await cluster.kubectl('patch', 'envoyproxy', '-n', site.app, 'scaled', '--type=merge', '-p', '{"spec":null}');
    await until(
      'HPA and PDB are gone',
      async () => (await listed(['hpa,pdb', ...ownedBy(site, 'scaled')])).length === 0,
    );
    await untilStatus(`http://${await site.addressOf('scaled')}/scaled`, 200);
  });
});

function cpu(averageUtilization: number): object {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}
