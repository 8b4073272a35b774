/** A proxy that Envoy Gateway has made, and what becomes of it when Sluice is in its place: the manifests are the same. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { hashedName } from '#controller/infra/kubernetes/objects/identity.ts';
import { kindOf } from '#controller/infra/kubernetes/kinds.ts';
import { resourcePath } from '#controller/kubernetes/resource-path.ts';
import { connectCluster } from './control-plane.ts';
import { GatewaySite, shopOf, until, untilStatus } from './gateway-site.ts';

const cluster = connectCluster(inject('cluster'));
let site: GatewaySite;
beforeAll(async () => {
  site = await GatewaySite.install(cluster, { name: 'taken' });
});
afterAll(async () => {
  // They would drain.
  await cluster.kubectl('delete', 'deployments', '-n', site.system, '--all');
  await cluster.kubectl('delete', 'pods', '-n', site.system, '--all', '--force', '--grace-period=0');
  await site.remove();
});

/** What Envoy Gateway 1.9 makes of a Gateway, as far as it is of consequence to who comes after it. */
async function theirs(name: string): Promise<readonly Theirs[]> {
  const owner = (
    await cluster.kubectl('get', 'gatewayclass', site.gatewayClass, '-o', 'jsonpath={.metadata.uid}')
  ).trim();
  const labels = {
    'app.kubernetes.io/component': 'proxy',
    'app.kubernetes.io/managed-by': 'envoy-gateway',
    'app.kubernetes.io/name': 'envoy',
    'gateway.envoyproxy.io/owning-gateway-name': 'shop',
    'gateway.envoyproxy.io/owning-gateway-namespace': site.app,
  };
  const metadata = {
    name,
    namespace: site.system,
    labels,
    ownerReferences: [
      { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', name: site.gatewayClass, uid: owner },
    ],
  };
  const container = (of: string, more: object): object => ({
    name: of,
    image: 'busybox:1',
    command: ['/bin/sh', '-c', 'sleep 3600'],
    ...more,
  });
  const template = {
    metadata: { labels },
    spec: {
      terminationGracePeriodSeconds: 1,
      serviceAccountName: name,
      containers: [
        container('envoy', {
          env: [{ name: 'THEIRS', value: 'yes' }],
          startupProbe: { periodSeconds: 10, failureThreshold: 30, httpGet: { path: '/ready', port: 19_003 } },
          volumeMounts: [{ name: 'certs', mountPath: '/certs', readOnly: true }],
        }),
        // On the port that the sidecar has here.
        container('shutdown-manager', { lifecycle: { preStop: { exec: { command: ['true'] } } } }),
      ],
      volumes: [{ name: 'certs', secret: { secretName: 'theirs', defaultMode: 420 } }],
    },
  };
  const strategy = { type: 'RollingUpdate' };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'theirs.json': '{}' } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'theirs', namespace: site.system }, data: {} },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        selector: labels,
        sessionAffinity: 'None',
        ports: [
          { name: 'http-80', port: 80, targetPort: 10_080, protocol: 'TCP' },
          { name: 'https-443', port: 443, targetPort: 10_443, protocol: 'TCP' },
        ],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: labels }, strategy, progressDeadlineSeconds: 600, template },
    },
  ];
}

interface Theirs {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

async function applyAs(fieldManager: string, object: Theirs): Promise<void> {
  const { name, namespace } = object.metadata;
  const answer = await cluster.api.ask({
    method: 'PATCH',
    path: resourcePath(kindOf(object.kind), { namespace, name }),
    query: { fieldManager, force: 'true' },
    patch: 'application/apply-patch+yaml',
    body: object,
  });
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
}

const look = (kind: string, name: string, path: string): Promise<string> =>
  cluster.kubectl('get', '--show-managed-fields', '-n', site.system, kind, name, '-o', `jsonpath=${path}`);

describe('a proxy that Envoy Gateway has made', () => {
  it('becomes ours as it stands, whole, and keeps the address that clients know', async () => {
    const name = hashedName(`${site.app}/shop`);
    for (const object of await theirs(name)) await applyAs('envoy-gateway', object);
    const address = (): Promise<string> => look('service', name, '{.status.loadBalancer.ingress[0].ip}');
    await until('it has an address', async () => (await address()) !== '');
    const [before, uid] = [await address(), await look('deployment', name, '{.metadata.uid}')];

    await cluster.apply(shopOf(site));
    expect(await site.addressOf('shop')).toBe(before);
    await untilStatus(`http://${before}/app`, 200);

    expect(await look('deployment', name, '{.metadata.uid}')).toBe(uid);
    const containers = '{.spec.template.spec.containers[*].name}';
    expect(await look('deployment', name, containers)).toBe('envoy');
    expect(await look('deployment', name, '{.spec.template.spec}')).not.toMatch(/THEIRS|theirs|busybox|"exec"/u);
    expect(await look('service', name, '{.spec.ports[*].port}')).toBe('80');
    expect(await look('configmap', name, '{.data}')).not.toContain('theirs.json');
    for (const kind of ['serviceaccount', 'configmap', 'service', 'deployment']) {
      // The class that it was of may go.
      expect(await look(kind, name, '{.metadata.ownerReferences}'), kind).toBe('');
      expect(await look(kind, name, '{.metadata.managedFields[*].manager}'), kind).not.toContain('envoy-gateway');
    }
    await until('its pods are ours, and no others', async () => {
      const pods = await cluster.kubectl(
        'get',
        'pods',
        '-n',
        site.system,
        '-o',
        'jsonpath={.items[*].spec.containers[*].name}',
      );
      return !pods.includes('shutdown-manager');
    });
  });
});
