import type { AssignmentIr, ClusterIr } from '../ir/cluster.ts';
import type { Pieces } from '../ir/pieces.ts';
import type { Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import { endpointsOf } from './endpoints.ts';

/** The addresses of a cluster as they are now; `undefined` where Envoy resolves host names by itself. */
export function assignmentOf(cluster: ClusterIr, resources: Resources): AssignmentIr | undefined {
  const addresses = endpointsOf(cluster, resources);
  if (addresses === undefined) return undefined;
  const { source } = cluster;
  const shares =
    source.kind === 'several'
      ? source.parts.map(({ cluster: part, weight, fallback }) => ({
          addresses: endpointsOf(part, resources) ?? [],
          weight,
          fallback,
        }))
      : undefined;
  const probedPort = cluster.settings?.healthCheck?.active?.port;
  return {
    cluster: cluster.name,
    addresses,
    ...(shares === undefined ? {} : { shares }),
    ...(probedPort === undefined ? {} : { probedPort }),
  };
}

/** Finds the addresses of clusters. The result is the same object, and so are its pieces, as long as no address changes. */
export function rememberedAssignments(): (clusters: Pieces<ClusterIr>, resources: Resources) => Pieces<AssignmentIr> {
  const ofCluster = remembered(assignmentOf);
  const ofPiece = remembered((clusters: readonly ClusterIr[], now): readonly AssignmentIr[] =>
    clusters.flatMap((cluster) => ofCluster(cluster, now) ?? []),
  );
  const last = new WeakMap<Pieces<ClusterIr>, Pieces<AssignmentIr>>();
  return (clusters, resources) => {
    const now = clusters.map((piece) => ofPiece(piece, resources));
    const known = last.get(clusters);
    if (known !== undefined && now.every((piece, index) => piece === known[index])) return known;
    last.set(clusters, now);
    return now;
  };
}
