import type { Resource } from './api/gen/types.d.ts';
import { assignmentOf } from './backends/assignments.ts';
import { changesAvailability } from './gateway/available-backends.ts';
import type { AssignmentIr, ClusterIr } from './ir/cluster.ts';
import type { ProxyIr } from './ir/proxy.ts';
import type { ResourceBatch, ResourceKey } from './provider/provider.ts';
import type { Resources } from './resources/resources.ts';
import { importOwner, sliceOwners } from './resources/slice-owners.ts';
import type { TranslatedProxy, Translation } from './translate.ts';
import { once } from './ir/once.ts';

/**
 * Those ("<namespace>/<owner>", see `slice-owners.ts`) whose endpoints a batch changes, when it changes nothing else;
 * `undefined` when it does. `before` are the resources without the batch.
 */
export function servicesOfBatch(
  batch: ResourceBatch,
  before: ReadonlyMap<ResourceKey, Resource>,
): ReadonlySet<string> | undefined {
  const services = new Set<string>();
  for (const event of batch) {
    if (event.kind !== 'upsert' && event.kind !== 'delete') return undefined;
    const old = before.get(event.key);
    for (const slice of event.kind === 'upsert' ? [old, event.resource] : [old]) {
      if (slice === undefined) continue;
      if (slice.kind !== 'EndpointSlice') return undefined;
      for (const owner of sliceOwners(slice)) services.add(`${slice.metadata.namespace}/${owner}`);
    }
  }
  return services;
}

/**
 * A translation with the endpoints of some Services as they are now; nothing else is looked at. For changes of
 * EndpointSlices alone, on which nothing but endpoints depends: cost follows the change. `undefined` where policies patch
 * endpoints: whether such a patch can be applied takes a translation; and where a Service turns empty, or is empty no longer:
 * its routes are told so.
 */
export function refreshEndpoints(
  translation: Translation,
  services: ReadonlySet<string>,
  resources: Resources,
): Translation | undefined {
  const all = [...translation.proxies.values()];
  if (all.some(({ xds }) => xds.patches?.some(({ type }) => type === 'endpoint') === true)) return undefined;
  const proxies = new Map<string, TranslatedProxy>();
  for (const [key, proxy] of translation.proxies) {
    const xds = refresh(proxy.xds, services, resources);
    if (xds === undefined) return undefined;
    proxies.set(key, xds === proxy.xds ? proxy : { ...proxy, xds });
  }
  return { ...translation, proxies };
}

function refresh(xds: ProxyIr, services: ReadonlySet<string>, resources: Resources): ProxyIr | undefined {
  const changed = new Map<string, AssignmentIr>();
  for (const piece of xds.clusters) {
    const known = clustersByService(piece);
    for (const cluster of [...services].flatMap((service) => known.get(service) ?? [])) {
      const assignment = assignmentOf(cluster, resources);
      if (assignment !== undefined) changed.set(cluster.name, assignment);
    }
  }
  if (changed.size === 0) return xds;
  let isTold = false;
  const endpoints = xds.endpoints.map((piece) => {
    if (!piece.some(({ cluster }) => changed.has(cluster))) return piece;
    return piece.map((old) => {
      const now = changed.get(old.cluster) ?? old;
      isTold ||= changesAvailability(old, now);
      return now;
    });
  });
  return isTold ? undefined : { ...xds, endpoints };
}

const clustersByService = once((clusters: readonly ClusterIr[]): ReadonlyMap<string, readonly ClusterIr[]> => {
  const found = new Map<string, ClusterIr[]>();
  for (const cluster of clusters) {
    for (const service of servicesOf(cluster)) {
      const known = found.get(service);
      if (known === undefined) found.set(service, [cluster]);
      else known.push(cluster);
    }
  }
  return found;
});

function servicesOf({ source }: ClusterIr): readonly string[] {
  switch (source.kind) {
    case 'service':
      return [`${source.namespace}/${source.name}`];
    case 'service-import':
      return [`${source.namespace}/${importOwner(source.name)}`];
    case 'several':
      return [...new Set(source.parts.flatMap(({ cluster }) => servicesOf(cluster)))];
    case 'addresses':
    case 'dns':
      return [];
    default:
      return source satisfies never;
  }
}
