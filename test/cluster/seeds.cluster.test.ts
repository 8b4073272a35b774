/** The users' manifests about Kubernetes, verbatim, on a real cluster: Sluice is where they suppose Envoy Gateway. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { installSluice } from '../conformance/install.ts';
import { SEEDS_ARE_THERE, seedPath } from '../seeds/folder.ts';
import { selfSigned } from '../seeds/self-signed.ts';
import { connectCluster } from './control-plane.ts';
import { echoOf, statusOf, until, untilStatus } from './gateway-site.ts';
import { NODE_ADDRESS } from './node/pod-network.ts';

const cluster = connectCluster(inject('cluster'));
const SYSTEM = 'envoy-gateway-system';

const namespace = (name: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name} }
---`;

const certificate = (name: string, place: string): string => {
  const metadata = { name, namespace: place };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls' };
  return `\n${JSON.stringify({ ...secret, stringData: selfSigned('example.com') })}\n---`;
};

/** A route of every listener of a Gateway of the seeds, which take routes of all namespaces. */
const route = (gateway: string, place = SYSTEM): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: to-${gateway}, namespace: seeds }
spec:
  parentRefs: [{ name: ${gateway}, namespace: ${place} }]
  rules: [{ backendRefs: [{ name: echo, port: 80 }] }]
---`;

const seed = (name: string): string => readFileSync(seedPath(name), 'utf8');

async function objectOf(kind: string, gateway: string, place = SYSTEM): Promise<unknown> {
  const owner = `gateway.envoyproxy.io/owning-gateway-name=${gateway},gateway.envoyproxy.io/owning-gateway-namespace=${place}`;
  const list: unknown = JSON.parse(await cluster.kubectl('get', kind, '-n', SYSTEM, '-l', owner, '-o', 'json'));
  const items = isObject(list) && Array.isArray(list['items']) ? list['items'] : [];
  return items[0];
}

/** Where a Gateway is reached, once it is programmed. */
async function addressOf(gateway: string, place = SYSTEM): Promise<string> {
  const path = '{.status.conditions[?(@.type=="Programmed")].status} {.status.addresses[0].value}';
  let seen = '';
  await until(
    () => `Gateway ${gateway} is programmed: ${seen}`,
    async () => {
      seen = await cluster.kubectl('get', 'gateway', '-n', place, gateway, '-o', `jsonpath=${path}`);
      return /^True \S+$/u.test(seen);
    },
  );
  return seen.slice('True '.length);
}

async function gone(kind: string, gateway: string): Promise<void> {
  await cluster.kubectl('delete', 'gateway', '-n', SYSTEM, gateway, '--wait=true');
  await until(`no ${kind} is left`, async () => (await objectOf(kind, gateway)) === undefined);
}

/** The status of an answer over TLS, whoever the certificate is for. */
function secureStatus(host: string, port: number, path: string): Promise<number> {
  const agent = new Agent({ rejectUnauthorized: false });
  return new Promise((resolve) => {
    const asked = request({ host, port, path, agent, servername: 'example.com', timeout: 15_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(0));
    asked.end();
  });
}

describe.runIf(SEEDS_ARE_THERE)('the manifests of the documents about Kubernetes', () => {
  beforeAll(async () => {
    await installSluice(cluster, () => undefined, 'ControllerNamespace');
    await cluster.apply(
      namespace('seeds') + namespace('test') + echoOf('seeds') + certificate('website-crt-secret', SYSTEM),
    );
    await cluster.kubectl('rollout', 'status', 'deployment/echo', '-n', 'seeds', '--timeout=280s');
  });
  afterAll(async () => {
    await cluster.kubectl('delete', 'gateway', '-n', SYSTEM, '--all', '--ignore-not-found');
    await cluster.kubectl('delete', 'gatewayclass', 'eg', 'eg-internal', 'sluice', '--ignore-not-found');
    await cluster.kubectl('delete', 'deployments', '-n', SYSTEM, '--all');
    // A namespace waits for as long as its pods may take to end.
    await cluster.kubectl('delete', 'pods', '-n', SYSTEM, '--all', '--force', '--grace-period=0');
    await cluster.kubectl('delete', 'namespace', SYSTEM, '--timeout=280s');
    await cluster.kubectl('delete', 'namespace', 'seeds', 'test', '--ignore-not-found', '--wait=false');
    for (const kind of ['clusterrole', 'clusterrolebinding'])
      await cluster.kubectl('delete', kind, 'envoy-gateway', '--ignore-not-found');
    await cluster.kubectl('delete', 'servicecidr', 'internal', '--ignore-not-found', '--wait=false');
  });

  it('000-07, 000-08: an existing load balancer, container resources and annotations of pods, by the Gateway', async () => {
    await cluster.apply(seed('000-01'));
    await cluster.apply(seed('000-07'));
    await cluster.apply(seed('000-08'));
    await cluster.apply(route('web'));
    const address = await addressOf('web');
    await untilStatus(`http://${address}/`, 200);
    await until('it serves TLS', async () => (await secureStatus(address, 443, '/')) === 200);
    expect(await objectOf('service', 'web')).toMatchObject({
      metadata: {
        annotations: {
          'service.kubernetes.io/tke-existed-lbid': 'lb-5nhlk3nr',
          'service.cloud.tencent.com/direct-access': 'true',
        },
      },
      spec: { type: 'LoadBalancer' },
    });
    expect(await objectOf('deployment', 'web')).toMatchObject({
      spec: {
        replicas: 1,
        template: {
          metadata: { annotations: { 'tke.cloud.tencent.com/networks': 'tke-route-eni' } },
          spec: {
            containers: [
              {
                resources: {
                  requests: { 'tke.cloud.tencent.com/eni-ip': '1' },
                  limits: { 'tke.cloud.tencent.com/eni-ip': '1' },
                },
              },
            ],
          },
        },
      },
    });
    await gone('service', 'web');
  });

  it('001-07, 001-08: the same by the class', async () => {
    await cluster.apply(seed('001-07'));
    await cluster.apply(seed('001-08'));
    await cluster.apply(seed('000-02'));
    await cluster.apply(route('test-gw', 'test'));
    const address = await addressOf('test-gw', 'test');
    await untilStatus(`http://${address}:8080/`, 200);
    expect(await objectOf('service', 'test-gw', 'test')).toMatchObject({
      metadata: { annotations: { 'service.kubernetes.io/tke-existed-lbid': 'lb-5nhlk3nr' } },
    });
    await cluster.kubectl('delete', 'gateway', '-n', 'test', 'test-gw');
  });

  it('003-01: a class of an old version, two copies of the proxy, TLS', async () => {
    await cluster.apply(certificate('tls-certificate', SYSTEM));
    await cluster.apply(seed('003-01'));
    await cluster.apply(route('eg'));
    const address = await addressOf('eg');
    await until('it serves TLS', async () => (await secureStatus(address, 443, '/')) === 200);
    await until('both copies can take requests', async () => {
      const deployment = await objectOf('deployment', 'eg');
      const status = isObject(deployment) ? deployment['status'] : undefined;
      return isObject(status) && status['availableReplicas'] === 2;
    });
    await gone('service', 'eg');
  });

  it('003-10: beside it an internal class with a static address of the cluster', async () => {
    // The address is of a range of its own, which an administrator gives to Services.
    await cluster.apply(
      JSON.stringify({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'ServiceCIDR',
        metadata: { name: 'internal' },
        spec: { cidrs: ['10.43.0.0/16'] },
      }),
    );
    await cluster.kubectl('wait', '--for=condition=Ready', 'servicecidr/internal', '--timeout=280s');
    await cluster.apply(seed('003-10'));
    await cluster.apply(route('eg-internal'));
    expect(await addressOf('eg-internal')).toBe('10.43.146.30');
    await untilStatus('http://10.43.146.30/', 200);
    expect(await objectOf('service', 'eg-internal')).toMatchObject({
      spec: { type: 'ClusterIP', clusterIP: '10.43.146.30' },
    });
    expect(await statusOf('http://10.43.146.30:8080/')).toBe(0);
    await gone('service', 'eg-internal');
  });

  it('000-20: three copies, an annotation of the Service, TCP to the API server', async () => {
    // The API server of the test cluster does not write where it is.
    await cluster.apply(
      JSON.stringify({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [NODE_ADDRESS], conditions: { ready: true } }],
        ports: [{ name: 'https', port: 6_443, protocol: 'TCP' }],
      }),
    );
    await cluster.apply(seed('000-20'));
    const address = await addressOf('eg');
    await until('three copies can take connections', async () => {
      const deployment = await objectOf('deployment', 'eg');
      const status = isObject(deployment) ? deployment['status'] : undefined;
      return isObject(status) && status['availableReplicas'] === 3;
    });
    expect(await objectOf('service', 'eg')).toMatchObject({
      metadata: { annotations: { 'service.cloud.tencent.com/direct-access': 'true' } },
      spec: { ports: [{ port: 443, protocol: 'TCP' }] },
    });
    await until('the API server answers through it', async () => (await secureStatus(address, 443, '/version')) > 0);
    await gone('service', 'eg');
  });
});
