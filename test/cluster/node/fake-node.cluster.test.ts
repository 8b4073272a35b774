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

/**
 * Three containers that share a folder: one prepares it, one stays beside and looks at the end whether the main one has gone,
 * which reads a Secret that only its group may read.
 */
const ORDERED = `apiVersion: v1
kind: Secret
metadata: { name: ordered, namespace: default }
stringData: { key: secret }
---
apiVersion: v1
kind: Pod
metadata: { name: ordered, namespace: default }
spec:
  terminationGracePeriodSeconds: 20
  securityContext: { runAsUser: 65532, runAsGroup: 65532, fsGroup: 2000 }
  volumes:
    - { name: shared, emptyDir: {} }
    - { name: secret, secret: { secretName: ordered, defaultMode: 256 } }
  initContainers:
    - name: prepare
      image: example.com/busybox:v1
      command: [sh, -c, 'echo $(id -u):$(id -g) $(id -G); echo prepared > /shared/log']
      volumeMounts: [{ name: shared, mountPath: /shared }]
    - name: beside
      image: example.com/busybox:v1
      restartPolicy: Always
      command:
        - bash
        - -c
        - |
          trap 'cmp -s <(tail -n 1 /shared/log) <(echo ended) && echo main had ended; sleep 3; exit 0' TERM
          echo beside >> /shared/log
          while :; do sleep 0.1; done
      volumeMounts: [{ name: shared, mountPath: /shared }]
  containers:
    - name: main
      image: example.com/busybox:v1
      command:
        - bash
        - -c
        - |
          trap 'sleep 1; echo ended >> /shared/log; exit 0' TERM
          while [ "$(wc -l < /shared/log)" -lt 2 ]; do sleep 0.1; done
          cat /shared/log /secret/key; echo
          while :; do sleep 0.1; done
      volumeMounts: [{ name: shared, mountPath: /shared }, { name: secret, mountPath: /secret }]
`;

/** Two containers that try to write in many places, one of them with a root that is read-only. */
const WRITING = `apiVersion: v1
kind: ConfigMap
metadata: { name: writing, namespace: default }
data: { file: as it was }
---
apiVersion: v1
kind: Pod
metadata: { name: writing, namespace: default }
spec:
  volumes:
    - { name: shared, emptyDir: {} }
    - { name: below, emptyDir: {} }
    - { name: files, configMap: { name: writing } }
  containers:
${['open', 'closed']
  .map(
    (name) => `
    - name: ${name}
      image: example.com/busybox:v1
      securityContext: { readOnlyRootFilesystem: ${name === 'closed'} }
      command:
        - bash
        - -c
        - |
          for at in / /etc /var/run /tmp /etc/hosts /shared /shared/below /kept /files /files/file; do
            if [ -d $at ]; then file=$at/${name}; else file=$at; fi
            if echo >> $file; then echo $at; fi 2>/dev/null
          done
          echo done
          while :; do sleep 0.1; done
      volumeMounts:
        - { name: shared, mountPath: /shared }
        - { name: below, mountPath: /shared/below }
        - { name: below, mountPath: /kept, readOnly: true }
        - { name: files, mountPath: /files }`,
  )
  .join('')}
`;

const WITHOUT_IMAGE = `apiVersion: v1
kind: Pod
metadata: { name: lacking, namespace: default }
spec:
  containers: [{ name: main, image: "example.com/nobody-has-this:v1" }]
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

  it('reaches a Service by its port of the node', async () => {
    const patch = JSON.stringify({ spec: { type: 'NodePort' } });
    await cluster.kubectl('patch', 'service', 'echo', '--type=merge', '-p', patch);
    const port = await cluster.kubectl('get', 'service', 'echo', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    expect(Number(port)).toBeGreaterThanOrEqual(30_000);
    const answer = await until(async () => {
      const { status } = await fetch(`http://10.244.0.1:${port}/`, ONCE);
      return status === 200 ? status : undefined;
    });
    expect(answer).toBe(200);
    // It is no load balancer's any more.
    const ingress = ['get', 'service', 'echo', '-o', 'jsonpath={.status.loadBalancer.ingress}'];
    await until(async () => ((await cluster.kubectl(...ingress)) === '' ? true : undefined));
  });

  it('lets pods go whose time has come', async () => {
    await cluster.kubectl('delete', 'deployment/echo', 'service/echo', '--wait=true', '--timeout=60s');
    await until(async () => ((await cluster.kubectl('get', 'pods', '-o', 'name')) === '' ? true : undefined));
  });

  it('starts and ends the containers of a pod in order, with the users and groups that it says', async () => {
    await cluster.apply(ORDERED);
    await cluster.kubectl('wait', 'pod/ordered', '--for=condition=Ready', '--timeout=100s');
    const said = async (container: string): Promise<readonly string[]> =>
      (await cluster.kubectl('logs', 'ordered', '-c', container)).trim().split('\n');
    expect(await said('prepare')).toEqual(['65532:65532 65532 2000']);
    expect(await said('main')).toEqual(['prepared', 'beside', 'secret']);
    await cluster.kubectl('delete', 'pod/ordered', '--wait=false');
    await until(async () => ((await said('beside')).includes('main had ended') ? true : undefined));
    await cluster.kubectl('delete', 'pod/ordered', 'secret/ordered', '--wait=true', '--timeout=60s');
  });

  it('lets a container write where its pod says that it may', async () => {
    await cluster.apply(WRITING);
    const written = async (container: string): Promise<readonly string[]> => {
      const said = await until(async () => {
        const lines = (await cluster.kubectl('logs', 'writing', '-c', container)).trim().split('\n');
        return lines.includes('done') ? lines : undefined;
      });
      return said.filter((line) => line !== 'done');
    };
    const volumes = ['/shared', '/shared/below'];
    expect(await written('open')).toEqual(['/', '/etc', '/var/run', '/tmp', '/etc/hosts', ...volumes]);
    expect(await written('closed')).toEqual(volumes);
    await cluster.kubectl('delete', 'pod/writing', 'configmap/writing', '--wait=true', '--timeout=60s');
  });

  it('says of a pod that its image cannot be had, and lets it go', async () => {
    await cluster.apply(WITHOUT_IMAGE);
    const reason = ['-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}'];
    await until(async () =>
      (await cluster.kubectl('get', 'pod', 'lacking', ...reason)) === 'ImagePullBackOff' ? true : undefined,
    );
    expect(await cluster.kubectl('get', 'pod', 'lacking', '-o', 'jsonpath={.status.phase}')).toBe('Pending');
    await cluster.kubectl('delete', 'pod/lacking', '--wait=true', '--timeout=60s');
  });
});
