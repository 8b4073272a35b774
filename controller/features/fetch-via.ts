import type { BackendRef } from '#controller/api/gen/types.d.ts';
import { endpointsOf } from '../backends/endpoints.ts';
import { type BackendReference, resolveBackend } from '../backends/resolve.ts';
import type { ClusterIr } from '../ir/cluster.ts';
import type { UpstreamTlsIr } from '../ir/upstream-tls.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { Via, ViaEndpoint } from '../resources/wants.ts';
import type { Settings } from '../settings.ts';
import { trustSecret } from '../tls/trust.ts';

/** What back-ends of a document are resolved with. */
export interface ViaContext {
  /** Where the policy is, a SecurityPolicy. */
  readonly namespace: string;
  readonly resources: Resources;
  readonly settings: Settings;
}

/** A back-end of something that is fetched; of the older field without weight. */
type FetchedFrom = BackendReference & Partial<Pick<BackendRef, 'weight' | 'fallback'>>;

/** The back-ends of something that is fetched, by either field; `undefined` where it has none. */
export function fetchedFrom(spec: {
  readonly backendRef?: BackendReference;
  readonly backendRefs?: readonly FetchedFrom[];
}): readonly FetchedFrom[] | undefined {
  return spec.backendRefs ?? (spec.backendRef === undefined ? undefined : [spec.backendRef]);
}

/**
 * Resolves `backendRefs` of something that is fetched: where to ask instead of at the hosts of its URLs. What a
 * BackendTLSPolicy or Backend says of authorities and the server's name holds there; more than that cannot be done for
 * fetches, and is refused.
 */
export function resolveVia(
  refs: readonly FetchedFrom[],
  urls: readonly string[],
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
  const expected = new Map<string, Expected>();
  for (const ref of ordered) {
    const found = resolveBackend(ref, from, resources, settings);
    if (!found.ok) return refusal('Invalid', `${at}: ${found.refusal.message}`);
    const name = `${ref.kind} ${ref.name}`;
    const reached = reachable(found.value, resources);
    if (reached === undefined) return refusal('Invalid', `${at}: ${name} is a Unix socket`);
    const { tls } = found.value;
    const plain = urls.find((url) => !url.startsWith('https:'));
    if (tls !== undefined && plain !== undefined) {
      return refusal('Invalid', `${at}: ${name} is spoken to by TLS, and ${plain} is no https URL`);
    }
    const who = tls === undefined ? {} : expectedOf(tls, resources);
    if (who === undefined) {
      return refusal(
        'Invalid',
        `${at}: ${name}: found TLS with more than authorities and a host name, which fetches cannot do`,
      );
    }
    expected.set(JSON.stringify([who, tls === undefined]), who);
    endpoints.push(...reached);
  }
  if (expected.size > 1)
    return refusal('Invalid', `${at}: found back-ends with different TLS, accepted are such with the same`);
  const names = ordered.map((ref) => [ref.kind, ref.namespace ?? namespace, ref.name, ref.port ?? ''].join('/'));
  const [who = {}] = expected.values();
  return success({ name: names.join(' '), endpoints, ...who });
}

type Expected = Pick<Via, 'authorities' | 'serverName'>;

/** Who is expected at a back-end, `undefined` where that is more than fetches can tell. */
function expectedOf(tls: UpstreamTlsIr, resources: Resources): Expected | undefined {
  const { trust, sni: serverName, sniOfEndpoint, subjectAltNames, clientCertificate, parameters } = tls;
  const isMore = subjectAltNames.length > 0 || (sniOfEndpoint ?? clientCertificate ?? parameters) !== undefined;
  if (isMore || trust.kind === 'unverified') return undefined;
  if (trust.kind === 'system') return { serverName };
  const authorities = trustSecret(trust, resources)?.certificates;
  return authorities === undefined ? undefined : { serverName, authorities };
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
