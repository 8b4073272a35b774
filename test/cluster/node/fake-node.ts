/**
 * A node without a container engine: scheduler, kubelet, service proxy, load balancers and DNS of a cluster on this machine.
 * What enters are Pods and Services from the API server; what leaves are processes in network and mount namespaces, rules of
 * nftables and statuses. It refuses to know what any of the pods does.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from '#controller/kubernetes/api-server.ts';
import { ApiRefusal, ask, isGone, list } from './api.ts';
import { type Names, namesOf, serveNames } from './dns.ts';
import type { LocalImage } from './images.ts';
import { isEndpointSlice, isPod, isService, type Pod } from './kinds.ts';
import { KUBELET_PORT, serveKubelet } from './kubelet-api.ts';
import { LoadBalancers } from './load-balancers.ts';
import { NODE } from './pod-fields.ts';
import { makePodNetwork, NODE_ADDRESS, PodAddresses, prepareNode } from './pod-network.ts';
import { RunningPod } from './running-pod.ts';
import { serviceRules } from './service-rules.ts';

/** What a node is made with. */
export interface NodeOptions {
  readonly api: ApiServer;
  readonly images: readonly LocalImage[];
  readonly folder: string;
  /** The program nft(8). */
  readonly nft: string;
  /** Of the node's own HTTPS server. */
  readonly key: Buffer;
  readonly certificate: Buffer;
  readonly say: (line: string) => void;
}

const LOOK_EVERY = 150;
const GRACE = 30;

/** Starts the node. `stop` ends all that runs on it. */
export async function startNode(options: NodeOptions): Promise<{ stop(): Promise<void> }> {
  const { api, images, folder, nft, key, certificate, say } = options;
  prepareNode();
  await register(api);
  const addresses = new PodAddresses();
  const balancers = new LoadBalancers(api);
  /** By the pod's uid. */
  const pods = new Map<string, RunningPod>();
  const ending = new Map<string, Promise<void>>();
  let names: Names = new Map();
  let rules = '';
  let count = 0;
  const stopping = new AbortController();
  const stopNames = await serveNames(() => names);
  const stopKubelet = await serveKubelet(key, certificate, (namespace, name, container) =>
    [...pods.values()]
      .findLast(({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name)
      ?.log(container),
  );

  const start = (pod: Pod): void => {
    count += 1;
    const network = makePodNetwork(`p${count}`, addresses.take());
    const running = new RunningPod(pod, { api, images, network, folder: join(folder, pod.metadata.uid), say });
    pods.set(pod.metadata.uid, running);
    running.start().catch((error: unknown) => say(`${pod.metadata.namespace}/${pod.metadata.name}: ${String(error)}`));
  };

  const end = (uid: string, seconds: number, isDeleted: boolean): void => {
    if (ending.has(uid)) return;
    const running = pods.get(uid);
    const ended = (running?.stop(seconds) ?? Promise.resolve())
      .then(() => (isDeleted && running !== undefined ? remove(api, running.pod) : undefined))
      .catch((error: unknown) => say(String(error)))
      .finally(() => {
        pods.delete(uid);
        ending.delete(uid);
      });
    ending.set(uid, ended);
  };

  const followPods = async (): Promise<void> => {
    const all = await list(api, '/api/v1/pods', isPod);
    for (const pod of all) {
      const { uid, deletionTimestamp, deletionGracePeriodSeconds = GRACE } = pod.metadata;
      if (deletionTimestamp !== undefined) {
        if (pods.has(uid)) end(uid, deletionGracePeriodSeconds, true);
        else if (pod.spec.nodeName === NODE && !ending.has(uid)) await remove(api, pod);
      } else if (pod.spec.nodeName === undefined) await bind(api, pod);
      else if (pod.spec.nodeName === NODE && !pods.has(uid)) start(pod);
    }
    const there = new Set(all.map(({ metadata }) => metadata.uid));
    for (const uid of pods.keys()) if (!there.has(uid)) end(uid, 0, false);
  };

  const followServices = async (): Promise<void> => {
    const services = await list(api, '/api/v1/services', isService);
    const slices = await list(api, '/apis/discovery.k8s.io/v1/endpointslices', isEndpointSlice);
    await balancers.follow(services);
    names = namesOf(services, slices);
    const wanted = serviceRules(services, slices, (service) => balancers.addressesOf(service));
    if (wanted === rules) return;
    const { status, stderr } = spawnSync(nft, ['-f', '-'], { input: wanted, encoding: 'utf8' });
    if (status === 0) rules = wanted;
    else say(`nft: ${stderr}`);
  };

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      for (const follow of [followPods, followServices]) {
        await follow().catch((error: unknown) => say(String(error)));
      }
      await sleep(LOOK_EVERY);
    }
  })();

  return {
    stop: async () => {
      stopping.abort();
      await loop;
      for (const uid of pods.keys()) end(uid, 1, false);
      await Promise.all(ending.values());
      stopNames();
      stopKubelet();
    },
  };
}

/** A Hostname among the addresses would be resolved, and no logs be had. */
async function register(api: ApiServer): Promise<void> {
  const labels = {
    'kubernetes.io/hostname': NODE,
    'kubernetes.io/os': 'linux',
    'topology.kubernetes.io/zone': 'zone-0',
  };
  const body = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE, labels }, spec: {} };
  try {
    await ask(api, { method: 'POST', path: '/api/v1/nodes', body });
  } catch (error) {
    if (!(error instanceof ApiRefusal && error.status === 409)) throw error;
  }
  const now = new Date().toISOString();
  const room = { cpu: '64', memory: '64Gi', pods: '1000', 'ephemeral-storage': '100Gi' };
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: '',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  const status = {
    addresses: [{ type: 'InternalIP', address: NODE_ADDRESS }],
    daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
    capacity: room,
    allocatable: room,
    conditions: [ready],
  };
  await ask(api, { method: 'PATCH', path: `/api/v1/nodes/${NODE}/status`, body: { status } });
  // Nodes are born tainted as not ready, and who would take that away does not run here: no DaemonSet would have a pod.
  await ask(api, { method: 'PATCH', path: `/api/v1/nodes/${NODE}`, body: { spec: { taints: null } } });
}

async function bind(api: ApiServer, { metadata: { namespace, name } }: Pod): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'Node', name: NODE };
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target };
  await unlessGone(ask(api, { method: 'POST', path: `/api/v1/namespaces/${namespace}/pods/${name}/binding`, body }));
}

/** The last word of a node on a pod: only then is it gone for others. */
async function remove(api: ApiServer, { metadata: { namespace, name, uid } }: Pod): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
  await unlessGone(ask(api, { method: 'DELETE', path: `/api/v1/namespaces/${namespace}/pods/${name}`, body }));
}

async function unlessGone(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
