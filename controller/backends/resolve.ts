import type { ClusterIr, PartIr } from '../ir/cluster.ts';
import { mayRefer, type ReferenceEnd } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import { tlsOfBackend } from './backend-tls.ts';
import { backendCluster, importCluster, type Protocol, serviceCluster, severalClusters } from './clusters.ts';
import { policyTls } from './tls-policies.ts';

/** A reference to a back-end, as routes and policies carry it. */
export interface BackendReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

/** Why a back-end cannot be had: the reasons of the condition ResolvedRefs, and some of our own. */
export type BackendReason =
  | 'InvalidKind'
  | 'BackendNotFound'
  | 'PortNotFound'
  | 'PortNotSpecified'
  | 'InvalidAddress'
  | 'RefNotPermitted'
  | 'UnsupportedProtocol'
  | 'UnsupportedValue'
  | 'InvalidBackendTLS'
  | 'Invalid';

/** Group of Backend. */
export const ENVOY_GATEWAY_GROUP = 'gateway.envoyproxy.io';

/** Group of ServiceImport (KEP-1645). */
export const MULTICLUSTER_GROUP = 'multicluster.x-k8s.io';

/** What a consumer speaks that knows better than the back-end says; `tls` where what it passes on is TLS already. */
export type Spoken = Protocol | 'tls';

/** Finds the cluster that a reference of `from` means; `spoken` overrides what the back-end says it speaks. */
export function resolveBackend(
  ref: BackendReference,
  from: ReferenceEnd,
  resources: Resources,
  settings: Settings,
  spoken?: Spoken,
): Outcome<ClusterIr, BackendReason> {
  const protocol = spoken === 'tls' ? 'tcp' : spoken;
  // TLS is not put into TLS, nor around datagrams.
  const addsTls = spoken !== 'tls' && spoken !== 'udp';
  const namespace = ref.namespace ?? from.namespace;
  const isService = ref.group === '' && ref.kind === 'Service';
  const isImport = ref.group === MULTICLUSTER_GROUP && ref.kind === 'ServiceImport';
  const isBackend = ref.group === ENVOY_GATEWAY_GROUP && ref.kind === 'Backend';
  if (!isService && !isImport && !isBackend) {
    return refusal(
      'InvalidKind',
      `backendRef ${ref.name}: found kind ${ref.kind} of group "${ref.group}", accepted are Service of group "", ServiceImport of group ${MULTICLUSTER_GROUP} and Backend of group ${ENVOY_GATEWAY_GROUP}`,
    );
  }
  if (isBackend && !settings.backends) {
    return refusal(
      'UnsupportedValue',
      `backendRef ${ref.name}: Backends are turned off (extensionApis.enableBackend of the configuration)`,
    );
  }
  const to = { group: ref.group, kind: ref.kind, namespace, name: ref.name };
  if (!mayRefer(from, to, resources)) {
    return refusal(
      'RefNotPermitted',
      `no ReferenceGrant in namespace ${namespace} lets ${from.kind}s of namespace ${from.namespace} refer to ${ref.kind} ${ref.name}`,
    );
  }
  const missing = refusal('BackendNotFound', `${ref.kind} ${namespace}/${ref.name} does not exist`);
  if (isBackend) {
    const backend = resources.get('Backend', namespace, ref.name);
    if (backend === undefined) return missing;
    const tls = addsTls ? tlsOfBackend(backend, resources) : NO_TLS;
    return tls.ok ? backendCluster(backend, protocol, settings, tls.value) : tls;
  }
  const service = resources.get(isImport ? 'ServiceImport' : 'Service', namespace, ref.name);
  if (service === undefined) return missing;
  const { port } = ref;
  if (port === undefined) {
    return refusal(
      'PortNotSpecified',
      `backendRef ${ref.name}: port: found none, a ${ref.kind} is referred to with one of its ports`,
    );
  }
  // A section of a Service is a port, by its name.
  const section = service.spec.ports?.find(
    (candidate) => candidate.port === port && candidate.protocol === 'TCP',
  )?.name;
  const tls = addsTls ? policyTls(to, section, resources) : NO_TLS;
  if (!tls.ok) return tls;
  if (service.kind === 'ServiceImport') return importCluster(service, port, protocol, tls.value);
  return serviceCluster(service, port, protocol, tls.value);
}

/** A reference of a policy: its older field has no weight. */
export type SharedReference = BackendReference & { readonly weight?: number; readonly fallback?: boolean };

/**
 * Finds the cluster that all references of a service mean together (`backendRefs` of a policy); messages start with `at`, their field.
 * One with weight 0 is not asked.
 */
export function resolveBackends(
  refs: readonly SharedReference[],
  at: string,
  from: ReferenceEnd,
  resources: Resources,
  settings: Settings,
  spoken?: Spoken,
): Outcome<ClusterIr, 'Invalid'> {
  const parts: PartIr[] = [];
  for (const [index, ref] of refs.entries()) {
    const found = resolveBackend(ref, from, resources, settings, spoken);
    if (!found.ok) return refusal('Invalid', `${at}[${index}]: ${found.refusal.message}`);
    const { weight = 1, fallback = false } = ref;
    if (weight > 0) parts.push({ cluster: found.value, weight, fallback });
  }
  const cluster = severalClusters(parts);
  return cluster.ok ? cluster : refusal('Invalid', `${at}: ${cluster.refusal.message}`);
}

const NO_TLS = success(undefined);
