import type { ClusterIr } from '../ir/cluster.ts';
import type { ListenerIr } from '../ir/listener.ts';
import type { RouteIr } from '../ir/route.ts';
import type { SecretIr } from '../ir/secret.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { compare } from '../resources/resources.ts';
import type { GatewayState } from './gateways.ts';

/** Every cluster that a route of these listeners names, once, by name. */
export function clustersOf(listeners: readonly ListenerIr[]): readonly ClusterIr[] {
  const clusters = new Map<string, ClusterIr>();
  for (const { chains } of listeners) {
    for (const { virtualHosts } of chains) {
      for (const host of virtualHosts) for (const cluster of clustersOfHost(host)) clusters.set(cluster.name, cluster);
    }
  }
  return [...clusters.values()].sort((a, b) => compare(a.name, b.name));
}

const known = new WeakMap<VirtualHostIr, readonly ClusterIr[]>();

/** The clusters of a virtual host; looked for once, since a host that did not change is the same object. */
function clustersOfHost(host: VirtualHostIr): readonly ClusterIr[] {
  const found = known.get(host) ?? host.routes.flatMap(clustersOfRoute);
  known.set(host, found);
  return found;
}

function clustersOfRoute({ action, features }: RouteIr): readonly ClusterIr[] {
  const processors = (features.extProc ?? []).map(({ cluster }) => cluster);
  if (action.kind !== 'forward') return processors;
  return [...processors, ...action.destinations.flatMap((to) => (to.kind === 'cluster' ? [to.cluster] : []))];
}

/** Every certificate that a served listener names, once, by name. */
export function secretsOf(gateways: readonly GatewayState[]): readonly SecretIr[] {
  const secrets = new Map<string, SecretIr>();
  for (const { listeners, refused } of gateways) {
    if (refused !== undefined) continue;
    for (const { usable, certificates } of listeners) {
      if (usable) for (const secret of certificates) secrets.set(secret.name, secret);
    }
  }
  return [...secrets.values()].sort((a, b) => compare(a.name, b.name));
}
