import type { AddressIr, ClusterIr } from '../ir/cluster.ts';
import type { Resources } from '../resources/resources.ts';
import { remembered, rememberedIn } from '../resources/tracked.ts';
import { endpointsOf } from './endpoints.ts';

/** The addresses of clusters, by name. */
export type Assignments = ReadonlyMap<string, readonly AddressIr[]>;

/**
 * Finds the addresses of clusters. The result is the same object as long as no address changes, and nothing is looked at
 * again while neither a Service nor an EndpointSlice does.
 */
export function rememberedAssignments(): (clusters: readonly ClusterIr[], resources: Resources) => Assignments {
  const addressesOf = remembered((cluster: ClusterIr, now) => endpointsOf(cluster, now));
  const all = rememberedIn((clusters: readonly ClusterIr[], _slices: object, now: Resources): Assignments => {
    const found = new Map<string, readonly AddressIr[]>();
    for (const cluster of clusters) {
      const addresses = addressesOf(cluster, now);
      if (addresses !== undefined) found.set(cluster.name, addresses);
    }
    return found;
  });
  return (clusters, resources) => all(clusters, resources.list('EndpointSlice'), resources);
}
