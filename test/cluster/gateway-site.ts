/** Sluice installed on the cluster that tests share, under a name of its own, with back-ends to lead requests to. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaseName } from '#controller/kubernetes/lease/lease-name.ts';
import type { ClusterClient } from './control-plane.ts';
import { type Installation, installationOf } from './installation.ts';

/** What an installation of a test is to be. */
export interface SiteOptions {
  /** Of everything: the namespaces "<name>" and "<name>-system", the GatewayClass, the controller name. */
  readonly name: string;
  readonly replicas?: number;
  readonly images?: Installation['images'];
  readonly deploy?: 'ControllerNamespace' | 'GatewayNamespace';
  /** Of `leaderElection`: without one so quick that a test need not wait long for the next leader. */
  readonly pace?: { readonly [field: string]: string };
  /** Whose objects are read (EnvoyGateway `provider.kubernetes.watch`): of everybody without it. */
  readonly watch?: object;
  /** Fields of EnvoyGateway beside `gateway` and `provider`. */
  readonly rest?: { readonly [field: string]: unknown };
}

/** How long a test waits for the cluster to become what it is to be. */
export const POLL = { timeout: 180_000, interval: 150 } as const;

/** Renewed so often that a test need not wait long for the next leader. */
const PACE = { leaseDuration: '4s', renewDeadline: '3s', retryPeriod: '500ms' };

/** An installation, and the namespace of the applications beside it. */
export class GatewaySite {
  readonly cluster: ClusterClient;
  /** Of applications, Gateways and routes. */
  readonly app: string;
  /** Of the controller. */
  readonly system: string;
  readonly gatewayClass: string;
  readonly controllerName: string;

  private constructor(cluster: ClusterClient, name: string) {
    this.cluster = cluster;
    this.app = name;
    this.system = `${name}-system`;
    this.gatewayClass = name;
    this.controllerName = `example.com/${name}`;
  }

  /** Installs one, with an echo server `echo`, and waits until its controller is ready. */
  static async install(cluster: ClusterClient, options: SiteOptions): Promise<GatewaySite> {
    const {
      name,
      replicas = 1,
      images = 'checkout',
      deploy = 'ControllerNamespace',
      pace = PACE,
      watch,
      rest = {},
    } = options;
    const site = new GatewaySite(cluster, name);
    const objects = await installationOf({
      name,
      namespace: site.system,
      replicas,
      images,
      configuration: {
        gateway: { controllerName: site.controllerName },
        provider: {
          type: 'Kubernetes',
          kubernetes: { deploy: { type: deploy }, leaderElection: pace, ...(watch === undefined ? {} : { watch }) },
        },
        extensionApis: { enableBackend: true, enableEnvoyPatchPolicy: true },
        ...rest,
      },
    });
    // There are Roles in it, where namespaces are named.
    await cluster.apply(namespaceOf(site.app));
    await cluster.apply(objects);
    await cluster.apply(echoOf(site.app) + classOf(site));
    await site.rolledOut('envoy-gateway', site.system);
    await site.rolledOut('echo', site.app);
    return site;
  }

  /** Removes all of it, without waiting. */
  async remove(): Promise<void> {
    const { cluster, app, system } = this;
    for (const kind of ['clusterrole', 'clusterrolebinding']) {
      await cluster.kubectl('delete', kind, `${app}:${system}`, '--ignore-not-found');
    }
    const ofEvents = `${app}:${system}:events`;
    for (const kind of ['role', 'rolebinding']) {
      await cluster.kubectl('delete', kind, '-n', 'default', ofEvents, '--ignore-not-found');
    }
    await cluster.kubectl('delete', 'gatewayclass', app, '--ignore-not-found');
    // The controller first: it would go on with what is being deleted.
    await cluster.kubectl('delete', 'namespace', system, app, '--wait=false', '--ignore-not-found');
  }

  /** Waits until a Deployment is what it is to be. */
  async rolledOut(deployment: string, namespace: string): Promise<void> {
    await this.cluster.kubectl('rollout', 'status', `deployment/${deployment}`, '-n', namespace, '--timeout=280s');
  }

  /** What kubectl prints, of objects of the application's namespace unless it is told otherwise. */
  get(...args: readonly string[]): Promise<string> {
    return this.cluster.kubectl('get', '-n', this.app, ...args);
  }

  /** Where a Gateway is reached, once it is programmed. */
  async addressOf(gateway: string): Promise<string> {
    const programmed = '{.status.conditions[?(@.type=="Programmed")].status} {.status.addresses[0].value}';
    const look = (): Promise<string> => this.get('gateway', gateway, '-o', `jsonpath=${programmed}`);
    let seen = '';
    await until(`Gateway ${gateway} is programmed`, async () => /^True \S+$/u.test((seen = await look())));
    return seen.slice('True '.length);
  }

  /** The Deployment of a Gateway's proxy, "<namespace>/<name>". */
  async proxyOf(gateway: string): Promise<{ readonly namespace: string; readonly name: string }> {
    const owner = `gateway.envoyproxy.io/owning-gateway-name=${gateway},gateway.envoyproxy.io/owning-gateway-namespace=${this.app}`;
    const path = '{.items[0].metadata.namespace} {.items[0].metadata.name}';
    const text = await this.cluster.kubectl('get', 'deployments', '-A', '-l', owner, '-o', `jsonpath=${path}`);
    const [namespace = '', name = ''] = text.split(' ');
    return { namespace, name };
  }

  /** The pods of a Gateway's proxy: their addresses by name. */
  async podsOf(gateway: string): Promise<ReadonlyMap<string, string>> {
    const owner = `gateway.envoyproxy.io/owning-gateway-name=${gateway},gateway.envoyproxy.io/owning-gateway-namespace=${this.app}`;
    const path = '{range .items[*]}{.metadata.name} {.status.podIP}{"\\n"}{end}';
    const text = await this.cluster.kubectl('get', 'pods', '-A', '-l', owner, '-o', `jsonpath=${path}`);
    return new Map(
      text
        .trim()
        .split('\n')
        .map((line): [string, string] => {
          const [name = '', address = ''] = line.split(' ');
          return [name, address];
        }),
    );
  }

  /** The pods of a Gateway's proxy, by name, and whether they can take requests: those that are ending cannot. */
  async readinessOf(gateway: string): Promise<ReadonlyMap<string, boolean>> {
    const owner = `gateway.envoyproxy.io/owning-gateway-name=${gateway},gateway.envoyproxy.io/owning-gateway-namespace=${this.app}`;
    const path =
      '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.metadata.deletionTimestamp}{"\\n"}{end}';
    const text = (await this.cluster.kubectl('get', 'pods', '-A', '-l', owner, '-o', `jsonpath=${path}`)).trim();
    return new Map(
      text.split('\n').map((line): [string, boolean] => {
        const [name = '', status, deleted = ''] = line.split(' ');
        return [name, status === 'True' && deleted === ''];
      }),
    );
  }

  /** The replica of the controller that leads, "<pod>_<something of its own>"; empty where none does. */
  async leader(): Promise<string> {
    const name = leaseName(this.controllerName);
    return this.cluster.kubectl('get', 'lease', name, '-n', this.system, '-o', 'jsonpath={.spec.holderIdentity}');
  }

  /** Waits until a controller of this installation serves a Gateway's proxy that is connected to it. */
  async untilServed(gateway: string): Promise<void> {
    const ready = `sluice_proxy_ready{gateway="${this.app}/${gateway}"} 1`;
    const connected = `sluice_proxy_connected{gateway="${this.app}/${gateway}"} 1`;
    await until(`the proxy of ${gateway} is connected`, async () => {
      for (const address of await this.controllerAddresses()) {
        const text = await textOf(`http://${address}:19001/metrics`);
        if (text.includes(ready) && text.includes(connected)) return true;
      }
      return false;
    });
  }

  /** The addresses of the controller's pods. */
  async controllerAddresses(): Promise<readonly string[]> {
    const flags = ['-n', this.system, '-l', 'control-plane=envoy-gateway'];
    const text = await this.cluster.kubectl('get', 'pods', ...flags, '-o', 'jsonpath={.items[*].status.podIP}');
    return text.split(' ').filter((address) => address !== '');
  }

  /** The processes of the controller of this installation. */
  controllers(): readonly number[] {
    return processes((command, environment) => {
      const isController = command.includes('sluice.mjs\0run\0') && command.includes('--config=/config/');
      return isController && environment.includes(`ENVOY_GATEWAY_NAMESPACE=${this.system}\0`);
    });
  }
}

/** Ids of processes of the cluster, by what they were started with. */
export function processes(isWanted: (command: string, environment: string) => boolean): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((id) => {
      try {
        return isWanted(readFileSync(`/proc/${id}/cmdline`, 'utf8'), readFileSync(`/proc/${id}/environ`, 'utf8'));
      } catch {
        // It has ended.
        return false;
      }
    })
    .map(Number);
}

/** The root of the file system that a process sees, from outside: a path that nothing is at where there is no process. */
export const rootOf = (pid: number | undefined): string => join('/proc', String(pid), 'root');

/** A Gateway of one listener, HTTP on port 80, and a route of it, `/app` to `echo`. */
export function shopOf({ app, gatewayClass }: GatewaySite, more = ''): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop, namespace: ${app} }
spec:
  gatewayClassName: ${gatewayClass}
  listeners: [{ name: web, port: 80, protocol: HTTP }]
  ${more}
---${routeTo(app, 'app', '/app')}`;
}

/** A route of Gateway `shop` by path to the echo server, of its own name. */
export function routeTo(namespace: string, name: string, path: string, service = 'echo'): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  parentRefs: [{ name: shop }]
  rules: [{ matches: [{ path: { type: PathPrefix, value: ${path} } }], backendRefs: [{ name: ${service}, port: 80 }] }]
---`;
}

/** Waits until a URL is answered with a status, on a new connection each time. */
export async function untilStatus(url: string, status: number, headers: Record<string, string> = {}): Promise<void> {
  let last = 0;
  await until(
    () => `${url} is answered ${status}, not ${last}`,
    async () => (last = await statusOf(url, headers)) === status,
  );
}

/** The status of a URL, on a connection of its own; 0 where there is none. */
export async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(url, {
    headers: { ...headers, connection: 'close' },
    redirect: 'manual',
    signal: AbortSignal.timeout(15_000),
  }).catch(() => undefined);
  await answer?.text();
  return answer?.status ?? 0;
}

/** What is at a URL, on a connection of its own; empty where nobody answers. */
export async function textOf(url: string): Promise<string> {
  const init = { headers: { connection: 'close' }, signal: AbortSignal.timeout(15_000) };
  return fetch(url, init).then(
    (answer) => answer.text(),
    () => '',
  );
}

/** The counters and gauges of an Envoy in a pod that match, by name. */
export async function envoyStats(address: string, pattern: RegExp): Promise<ReadonlyMap<string, number>> {
  const text = await textOf(`http://${address}:19001/stats/prometheus`);
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && pattern.test(line));
  return new Map(
    lines.map((line): [string, number] => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** Waits until something is so; what cannot be found out now is asked again. */
export async function until(
  what: string | (() => string),
  isSo: () => Promise<boolean>,
  timeout: number = POLL.timeout,
): Promise<void> {
  const end = Date.now() + timeout;
  let trouble = '';
  for (;;) {
    try {
      if (await isSo()) return;
      trouble = '';
    } catch (error) {
      trouble = `: ${String(error)}`;
    }
    if (Date.now() > end) throw new Error(`waited in vain until ${typeof what === 'string' ? what : what()}${trouble}`);
    await sleep(POLL.interval);
  }
}

/** Lets some time go by, in which nothing is to happen. */
export const letPass = (ms: number): Promise<void> => sleep(ms);

/** A namespace, with labels. */
export const namespaceOf = (name: string, labels: object = {}): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: ${JSON.stringify(labels)} }
---`;

const classOf = ({ gatewayClass, controllerName }: GatewaySite): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ${gatewayClass} }
spec: { controllerName: ${controllerName} }
---`;

/** Two echo servers behind a Service. */
export const echoOf = (namespace: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: echo, namespace: ${namespace} }
spec:
  replicas: 2
  selector: { matchLabels: { app: echo } }
  template:
    metadata: { labels: { app: echo } }
    spec:
      terminationGracePeriodSeconds: 2
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
metadata: { name: echo, namespace: ${namespace} }
spec:
  selector: { app: echo }
  ports: [{ port: 80, targetPort: 3000 }]
---`;
