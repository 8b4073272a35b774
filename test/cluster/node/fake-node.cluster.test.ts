import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import { connectCluster } from '../control-plane.ts';

const cluster = connectCluster(inject('cluster'));

/** Two echo servers behind a load balancer, each beside a sidecar that is not there at once. */
const ECHO = `apiVersion: apps/v1
kind: Deployment
metadata: { name: echo, namespace: default }
spec:
  replicas: 2
  selector: { matchLabels: { app: echo } }
  template:
    metadata: { labels: { app: echo } }
    spec:
      terminationGracePeriodSeconds: 2
      initContainers:
        - name: beside
          image: example.com/echo-basic:v1
          restartPolicy: Always
          env: [{ name: HTTP_PORT, value: "4000" }, { name: H2C_PORT, value: "4001" }]
          startupProbe: { httpGet: { path: /, port: 4000 } }
      containers:
        - name: echo
          image: example.com/echo-basic:v1
          env:
            - { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
            - { name: NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
          readinessProbe: { httpGet: { path: /, port: 3000 } }
---
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: default }
spec:
  type: LoadBalancer
  selector: { app: echo }
  ports: [{ port: 80, targetPort: 3000 }]
`;

/** Another connection each time: one stays with its pod. */
const ONCE = { headers: { connection: 'close' } } as const;

async function until<T>(find: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await find().catch(() => undefined);
    if (found !== undefined) return found;
    await sleep(100);
  }
}

describe('the node of the test cluster', () => {
  it('runs pods with their sidecars, behind Services that are reached from outside', async () => {
    await cluster.apply(ECHO);
    await cluster.kubectl('rollout', 'status', 'deployment/echo', '--timeout=100s');
    const address = await until(async () => {
      const found = await cluster.kubectl(
        'get',
        'service',
        'echo',
        '-o',
        'jsonpath={.status.loadBalancer.ingress[0].ip}',
      );
      return found === '' ? undefined : found;
    });
    const pods = new Set<string>();
    await until(async () => {
      const answer: unknown = await (await fetch(`http://${address}/`, ONCE)).json();
      pods.add(JSON.stringify(answer).match(/"pod":"([^"]+)"/u)?.[1] ?? '');
      return pods.size === 2 ? true : undefined;
    });
    expect(await cluster.kubectl('logs', 'deployment/echo', '-c', 'echo')).toContain('listening on port 3000');
  });

  it('lets pods go whose time has come', async () => {
    await cluster.kubectl('delete', 'deployment/echo', 'service/echo', '--wait=true', '--timeout=60s');
    await until(async () => ((await cluster.kubectl('get', 'pods', '-o', 'name')) === '' ? true : undefined));
  });
});
