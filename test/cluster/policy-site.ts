/** What tests of policies on a cluster share: pods of a proxy one by one, and servers of the test's own behind Services. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createServer, type IncomingHttpHeaders, request, type RequestListener } from 'node:http';
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { type Listening, listen } from '../listening.ts';
import { type GatewaySite, processes, rootOf, until } from './gateway-site.ts';
import { NODE_ADDRESS } from './node/pod-network.ts';

/** Where a listener on port 80 is in a pod. */
export const POD_PORT = 10_080;

/** The name in the cluster of a Service in the namespace of the applications. */
export const nameOf = ({ app }: GatewaySite, service: string): string => `${service}.${app}.svc.cluster.local`;

/** A Service without a selector: it leads to a server on the node, as one leads to a server outside a cluster. */
export function serviceOn({ app }: GatewaySite, name: string, port: number, serverPort: number, more = ''): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${app} }
spec: { ports: [{ name: main, port: ${port}, targetPort: ${serverPort} ${more}}] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: ${app}, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
endpoints: [{ addresses: [${NODE_ADDRESS}], conditions: { ready: true } }]
ports: [{ name: main, port: ${serverPort}, protocol: TCP }]
---`;
}

/** A ConfigMap with the certificate of a Service, and that it is spoken to by TLS and has to have it. */
export const trustIn = (site: GatewaySite, service: string, certificate: string): string => `
${JSON.stringify({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `${service}-ca`, namespace: site.app },
  data: { 'ca.crt': certificate },
})}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: ${service}, namespace: ${site.app} }
spec:
  targetRefs: [{ group: "", kind: Service, name: ${service} }]
  validation:
    caCertificateRefs: [{ group: "", kind: ConfigMap, name: ${service}-ca }]
    hostname: ${nameOf(site, service)}
---`;

/** An HTTP server of the test's own; pods reach it on the node. */
export const serveOnNode = (listener: RequestListener): Promise<Listening> =>
  listen(createServer(listener), { host: '0.0.0.0', port: 0 });

/** How proxies of these tests run: two pods, which are soon gone; more of the Deployment where a test says so. */
export const proxySettings = ({ app }: GatewaySite, deployment: object = {}): string => `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: { name: settings, namespace: ${app} }
spec:
  concurrency: 2
  shutdown: { drainTimeout: 2s, minDrainDuration: 0s }
  provider: { type: Kubernetes, kubernetes: { envoyDeployment: ${JSON.stringify({ replicas: 2, ...deployment })} } }
---`;

/** What a Gateway says to run so. */
export const PARAMETERS = `infrastructure: { parametersRef: { group: gateway.envoyproxy.io, kind: EnvoyProxy, name: settings } }`;

/** A policy that is attached to the route of its own name. */
export const policyOn = (namespace: string, kind: string, name: string, spec: object, annotations = {}): string =>
  `\n${JSON.stringify({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind,
    metadata: { name, namespace, annotations },
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name }], ...spec },
  })}\n---`;

/** Why a policy is not in force, as its status has it. */
export async function reasonOf(site: GatewaySite, kind: string, name: string): Promise<string> {
  const path = '{range .status.ancestors[*].conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}';
  return site.get(kind, name, '-o', `jsonpath=${path}`);
}

/** An answer: its headers, and those that an echo server got, by name in lower case. */
export interface Echoed {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly sent: Readonly<Record<string, string>>;
}

/** Asks, on a connection of its own; status 0 where nobody answers. The port of pods is one that `fetch` refuses. */
export function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Echoed> {
  return new Promise((resolve) => {
    const nobody = (): void => resolve({ status: 0, headers: {}, sent: {} });
    const asked = request(url, { headers, agent: false, timeout: PATIENCE }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', nobody);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, sent: sentHeaders(text) }),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', nobody);
    asked.end();
  });
}

/** Milliseconds. */
const PATIENCE = 30_000;

/** Waits until a URL is answered with a status. */
export async function untilAnswered(
  url: string,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  let last = 0;
  await until(
    () => `${url} is answered ${status}, not ${last}`,
    async () => (last = (await ask(url, headers)).status) === status,
  );
}

function sentHeaders(text: string): Readonly<Record<string, string>> {
  if (!text.startsWith('{')) return {};
  const body: unknown = JSON.parse(text);
  const headers = isObject(body) ? body['headers'] : undefined;
  return Object.fromEntries(
    Object.entries(isObject(headers) ? headers : {}).map(([name, values]) => [
      name.toLowerCase(),
      Array.isArray(values) ? values.join(',') : String(values),
    ]),
  );
}

/** Milliseconds. */
const PAUSE = 5;

/** Keeps asking until it is stopped, at the end of the test at the latest; gives how often each status came. */
export function keepAsking(url: string, headers: Readonly<Record<string, string>> = {}) {
  const came = new Map<number, number>();
  const state = { isStopped: false };
  onTestFinished(() => void (state.isStopped = true));
  const client = (async () => {
    while (!state.isStopped) {
      const { status } = await ask(url, headers);
      came.set(status, (came.get(status) ?? 0) + 1);
      await sleep(PAUSE);
    }
  })();
  return {
    came,
    stop: async (): Promise<ReadonlyMap<number, number>> => {
      state.isStopped = true;
      await client;
      return came;
    },
  };
}

/** The process of a container of a pod of a proxy. */
export function processOf(pod: string, container: 'envoy' | 'sidecar'): number | undefined {
  const [first] = processes((command, environment) => {
    const isContainer =
      container === 'sidecar'
        ? command.includes('/extproc/main.ts\0sidecar\0')
        : command.startsWith('/usr/local/bin/envoy\0');
    return isContainer && environment.includes(`ENVOY_POD_NAME=${pod}\0`);
  });
  return first;
}

/** Where a path of a container is, from outside; links on the way are those of this machine, whose files it sees. */
export const inside = (pod: string, container: 'envoy' | 'sidecar', path: string): string =>
  join(rootOf(processOf(pod, container)), linksFollowed(path));

const linksFollowed = (path: string): string =>
  existsSync(path) ? realpathSync(path) : join(linksFollowed(dirname(path)), basename(path));

/** What Envoy's admin interface says in a pod: it is on loopback there. */
export async function envoyAdmin(pod: string, path: string): Promise<string> {
  const script = `fetch('http://127.0.0.1:19000${path}').then((a) => a.text()).then((t) => process.stdout.write(t))`;
  const within = ['--net', '--target', String(processOf(pod, 'envoy')), process.execPath, '-e', script];
  return (await promisify(execFile)('nsenter', within, { maxBuffer: 64 * 1024 * 1024 })).stdout;
}
