import type { Cluster } from '../cluster/cluster.ts';
import { type GatewaySite, processes } from '../cluster/gateway-site.ts';
import type { World } from './world.ts';

/** What is soaked on a cluster, and all that stands around it. */
export interface ClusterWorld extends World {
  readonly cluster: Cluster;
  readonly site: GatewaySite;
  /** The Deployment of the Gateway's proxy. */
  readonly proxy: string;
}

/** The processes of the pods of the Gateway's proxy, the oldest first. */
export function proxyProcesses(proxy: string, container: 'envoy' | 'sidecar'): readonly number[] {
  const isOne = container === 'envoy' ? /^[^\0]*\/envoy\0/u : /\0sidecar\0/u;
  return processes(
    (command, environment) => isOne.test(command) && environment.includes(`ENVOY_POD_NAME=${proxy}-`),
  ).toSorted((one, other) => one - other);
}

/** Ids of processes that are of the same kind, by names with numbers. */
export function numbered(name: string, pids: readonly number[]): { readonly [name: string]: number } {
  return Object.fromEntries(pids.map((pid, index) => [`${name} ${index + 1}`, pid]));
}
