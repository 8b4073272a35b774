import type { BackendRef } from '#controller/api/gen/types.d.ts';
import { endpointsOf } from '../backends/endpoints.ts';
import { resolveBackend } from '../backends/resolve.ts';
import type { ClusterIr } from '../ir/cluster.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { Via, ViaEndpoint } from '../resources/wants.ts';
import type { Settings } from '../settings.ts';

/** What back-ends of a document are resolved with. */
export interface ViaContext {
  /** Where the policy is, a SecurityPolicy. */
  readonly namespace: string;
  readonly resources: Resources;
  readonly settings: Settings;
}

/** Resolves `backendRefs` of something that is fetched: where to ask instead of at the host of its URL. */
export function resolveVia(
  refs: readonly BackendRef[],
  at: string,
  { namespace, resources, settings }: ViaContext,
): Outcome<Via, 'Invalid'> {
  const from = { group: 'gateway.envoyproxy.io', kind: 'SecurityPolicy', namespace };
  const endpoints: ViaEndpoint[] = [];
  const used = refs.filter(({ weight }) => weight !== 0);
  const ordered = [
    ...used.filter(({ fallback }) => fallback !== true),
    ...used.filter(({ fallback }) => fallback === true),
  ];
  for (const ref of ordered) {
    const found = resolveBackend(ref, from, resources, settings);
    if (!found.ok) return refusal('Invalid', `${at}: ${found.refusal.message}`);
    const reached = reachable(found.value, resources);
    if (reached === undefined) return refusal('Invalid', `${at}: ${ref.kind} ${ref.name} is a Unix socket`);
    endpoints.push(...reached);
  }
  const names = ordered.map((ref) => [ref.kind, ref.namespace ?? namespace, ref.name, ref.port ?? ''].join('/'));
  return success({ name: names.join(' '), endpoints });
}

/** The hosts and ports of a cluster, or `undefined` where one of them is a Unix socket. */
function reachable(cluster: ClusterIr, resources: Resources): readonly ViaEndpoint[] | undefined {
  if (cluster.source.kind === 'dns') {
    return cluster.source.hosts.map(({ hostname, port }) => ({ host: hostname, port }));
  }
  const addresses = endpointsOf(cluster, resources) ?? [];
  if (addresses.some(({ kind }) => kind === 'unix')) return undefined;
  return addresses.flatMap((one) => (one.kind === 'ip' ? [{ host: one.address, port: one.port }] : []));
}
