import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ApiServer } from '#controller/kubernetes/api-server.ts';
import { httpApiServer } from '#controller/kubernetes/http-api-server.ts';
import { NODE_ADDRESS } from './node/pod-network.ts';

/** How a cluster is spoken to, as an administrator. */
export interface ClusterClient {
  readonly api: ApiServer;
  /** A file that `kubectl` and programs read. */
  readonly kubeconfig: string;
  /** Runs kubectl(1) and gives what it prints. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Creates or changes objects, server-side. */
  apply(manifest: string): Promise<void>;
}

/** A control plane that runs. */
export interface ControlPlane {
  /** Ends the API server, as a failure would; resolves when it has ended. */
  stopApiServer(): Promise<void>;
  /** Starts it again; resolves when it answers. */
  startApiServer(): Promise<void>;
  stop(): Promise<void>;
}

const [ETCD_PORT, PEER_PORT, API_PORT] = [12_379, 12_380, 6_443];
/** Where pods reach the API server: an address of the node, since loopback would be their own. */
const URL = `https://${NODE_ADDRESS}:${API_PORT}`;
/** Folder of the control plane in that of the cluster. */
const PLANE = 'control-plane';
const LARGEST_OUTPUT = 64 * 1024 * 1024;
const run = promisify(execFile);
const START_WITHIN = 120_000;
const END_WITHIN = 5_000;

/** Which requests are noted in `audit.log`: those of pods. */
const AUDIT = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
};

/** Controllers that judge nodes and clouds have nothing to do here. */
const CONTROLLERS = '*,-nodeipam,-nodelifecycle,-cloud-node-lifecycle-controller';

/** Starts etcd, the API server and the controller manager of one program (`deploy/setup/go-program.ts`, CONTROL_PLANE). */
export async function startControlPlane(program: string, folder: string): Promise<ControlPlane> {
  const path = (name: string): string => join(folder, PLANE, name);
  mkdirSync(path('pki'), { recursive: true, mode: 0o700 });
  for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl']) symlinkSync(program, path(name));
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  writeFileSync(path('pki/accounts.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(path('pki/accounts.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const token = randomUUID();
  writeFileSync(path('tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const kubeconfig = kubeconfigIn(folder);
  writeFileSync(kubeconfig, kubeconfigOf(token), { mode: 0o600 });
  writeFileSync(path('audit.json'), JSON.stringify(AUDIT));
  const { api } = connectCluster(folder);

  const etcd = start(path('.'), 'etcd', [
    `--data-dir=${path('etcd-data')}`,
    `--listen-client-urls=http://127.0.0.1:${ETCD_PORT}`,
    `--advertise-client-urls=http://127.0.0.1:${ETCD_PORT}`,
    `--listen-peer-urls=http://127.0.0.1:${PEER_PORT}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${PEER_PORT}`,
    `--initial-cluster=default=http://127.0.0.1:${PEER_PORT}`,
    '--unsafe-no-fsync',
  ]);
  const startServer = (): ChildProcess =>
    start(path('.'), 'kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${ETCD_PORT}`,
      `--cert-dir=${path('pki')}`,
      '--bind-address=0.0.0.0',
      `--secure-port=${API_PORT}`,
      `--advertise-address=${NODE_ADDRESS}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${path('pki/accounts.pub')}`,
      `--service-account-signing-key-file=${path('pki/accounts.key')}`,
      '--api-audiences=https://kubernetes.default.svc',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--authorization-mode=RBAC',
      `--token-auth-file=${path('tokens.csv')}`,
      '--allow-privileged=true',
      // The endpoint of the API server's own Service is written here instead: it is one that pods reach.
      '--endpoint-reconciler-type=none',
      '--enable-priority-and-fairness=false',
      '--profiling=false',
      `--audit-policy-file=${path('audit.json')}`,
      `--audit-log-path=${auditLog(folder)}`,
    ]);
  let server = startServer();
  await untilReady(api, server, path('kube-apiserver.log'));
  const manager = start(path('.'), 'kube-controller-manager', [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${path('pki/accounts.key')}`,
    '--use-service-account-credentials=false',
    '--leader-elect=false',
    '--secure-port=0',
    `--root-ca-file=${path('pki/apiserver.crt')}`,
    `--controllers=${CONTROLLERS}`,
  ]);
  return {
    stopApiServer: () => end(server),
    startApiServer: async () => {
      server = startServer();
      await untilReady(api, server, path('kube-apiserver.log'));
    },
    stop: async () => {
      api.close();
      await Promise.all([end(manager), end(server)]);
      await end(etcd);
    },
  };
}

/** The file in which the API server notes the requests of pods: an Event (audit.k8s.io/v1) a line. */
export function auditLog(folder: string): string {
  return join(folder, PLANE, 'audit.log');
}

/** The file by which `kubectl` and programs find the cluster whose control plane is in a folder. */
export function kubeconfigIn(folder: string): string {
  return join(folder, PLANE, 'kubeconfig');
}

/** Speaks to the cluster whose control plane is in a folder. */
export function connectCluster(folder: string): ClusterClient {
  const path = (name: string): string => join(folder, PLANE, name);
  const [token = ''] = readFileSync(path('tokens.csv'), 'utf8').split(',');
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 32 });
  const access = { headers: { authorization: `Bearer ${token}` }, agent };
  const kubeconfig = kubeconfigIn(folder);
  const begin = (args: readonly string[]) =>
    run(path('kubectl'), ['--kubeconfig', kubeconfig, ...args], { maxBuffer: LARGEST_OUTPUT });
  return {
    api: httpApiServer({ url: URL, access: () => Promise.resolve(access), userAgent: 'sluice-test-cluster' }),
    kubeconfig,
    kubectl: async (...args) => (await begin(args)).stdout,
    apply: async (manifest) => {
      const done = begin(['apply', '--server-side', '--force-conflicts', '-f', '-']);
      done.child.stdin?.end(manifest);
      await done;
    },
  };
}

function kubeconfigOf(token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: URL, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

function start(folder: string, name: string, args: readonly string[]): ChildProcess {
  const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
  const child = spawn(join(folder, name), args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once('exit', () => log.end());
  return child;
}

async function untilReady(api: ApiServer, server: ChildProcess, log: string): Promise<void> {
  for (const from = Date.now(); Date.now() - from < START_WITHIN; await sleep(100)) {
    if (server.exitCode !== null) throw new Error(`kube-apiserver ended with ${server.exitCode}: see ${log}`);
    const answer = await api.ask({ method: 'GET', path: '/readyz' }).catch(() => undefined);
    if (answer?.status === 200) return;
  }
  throw new Error(`kube-apiserver was not ready in time: see ${log}`);
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN);
  await ended;
  clearTimeout(timer);
}
