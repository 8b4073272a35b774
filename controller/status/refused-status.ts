import { isObject } from '#controller/api/compile.ts';
import type { ObjectMeta, ParentReference } from '#controller/api/gen/types.d.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ObjectStatus, ParentReport, PolicyObject, RouteObject } from './object-status.ts';

/** An object that was taken by an API server and is refused here: its document, and what is wrong with it. */
export interface RefusedObject {
  readonly document: { readonly [field: string]: unknown };
  readonly message: string;
}

/**
 * Statuses with those of objects that the API server took and our schema refuses: not accepted, with the reason. One that has
 * an earlier version, which serves on, is told so where that is told; any other one to those of its parents or targets that are
 * ours. Pure.
 */
export function withRefused(
  statuses: readonly ObjectStatus[],
  refused: readonly RefusedObject[],
  controllerName: string,
): readonly ObjectStatus[] {
  if (refused.length === 0) return statuses;
  const known = new Map(statuses.map((status, index) => [nameOf(status.object.kind, status.object.metadata), index]));
  const all = [...statuses];
  for (const { document, message } of refused) {
    const { apiVersion, kind } = document;
    const metadata = metadataIn(document);
    if (metadata === undefined || typeof apiVersion !== 'string' || typeof kind !== 'string') continue;
    const index = known.get(nameOf(kind, metadata)) ?? known.get(nameOf(kind, { name: metadata.name }));
    const before = index === undefined ? undefined : all[index];
    if (index !== undefined && before !== undefined) {
      all[index] = turned(before, metadata.generation, no(`${message}; its last good version serves`));
      continue;
    }
    const status = fresh({ apiVersion, kind, metadata }, document, no(message), statuses, controllerName);
    if (status !== undefined) all.push(status);
  }
  return all;
}

type Fresh = { readonly apiVersion: string; readonly kind: string; readonly metadata: ObjectMeta };

/** What is said of an object of which nothing serves; nothing where nothing of ours is concerned. */
function fresh(
  { apiVersion, kind, metadata }: Fresh,
  document: RefusedObject['document'],
  verdict: Verdict,
  statuses: readonly ObjectStatus[],
  controllerName: string,
): ObjectStatus | undefined {
  const spec = isObject(document['spec']) ? document['spec'] : {};
  const { namespace } = metadata;
  if (kind === 'Backend') return { kind: 'conditions', object: { apiVersion, kind, metadata }, verdicts: [verdict] };
  if (kind === 'GatewayClass') {
    if (spec['controllerName'] !== controllerName) return undefined;
    const { name, generation } = metadata;
    const object = { apiVersion, kind, metadata: { name, generation } } as const;
    return { kind: 'class', object, verdicts: [verdict], supportedFeatures: [] };
  }
  if (kind === 'ListenerSet') {
    const [ref] = refsIn([spec['parentRef']]);
    const parent = ref === undefined ? undefined : statuses.find(isOf(ref, namespace));
    if (parent?.kind !== 'gateway') return undefined;
    const verdicts = [verdict, { ...verdict, type: 'Programmed' }];
    return {
      kind: 'listener-set',
      object: { apiVersion, kind, metadata },
      verdicts,
      listeners: [],
      proxy: parent.proxy,
    };
  }
  if (kind === 'Gateway') {
    const isOurs = statuses.some(
      ({ object }) => object.kind === 'GatewayClass' && object.metadata.name === spec['gatewayClassName'],
    );
    const verdicts = [verdict, { ...verdict, type: 'Programmed' }];
    const rest = { proxy: `${namespace}/${metadata.name}`, addresses: [], listeners: [], attachedListenerSets: 0 };
    return isOurs ? { kind: 'gateway', object: { apiVersion, kind, metadata }, verdicts, ...rest } : undefined;
  }
  const isOurs = (ref: ParentReference): boolean => statuses.some(isOf(ref, namespace));
  const told = (refs: readonly ParentReference[]): readonly ParentReport[] =>
    refs.map((ref) => ({ ref, verdicts: [verdict] }));
  if (isRoute(kind)) {
    const parents = told(refsIn(spec['parentRefs']).filter(isOurs));
    return parents.length === 0 ? undefined : { kind: 'route', object: { apiVersion, kind, metadata }, parents };
  }
  if (!isPolicy(kind)) return undefined;
  const targets = [...refsIn(spec['targetRefs']), ...refsIn([spec['targetRef']])].map((ref) => ({
    ...ref,
    namespace: namespace,
  }));
  const gateways = targets.flatMap((target) => (target.kind === 'Gateway' ? [target] : parentsOf(target, statuses)));
  const ancestors = told([...new Map(gateways.filter(isOurs).map((ref) => [JSON.stringify(ref), ref])).values()]);
  return ancestors.length === 0 ? undefined : { kind: 'policy', object: { apiVersion, kind, metadata }, ancestors };
}

/** Whether a status is of the object that a reference from a namespace names. */
function isOf({ kind, name, namespace }: ParentReference, from: string): (status: ObjectStatus) => boolean {
  const wanted = nameOf(kind, { name, namespace: namespace ?? from });
  return ({ object }) => nameOf(object.kind, object.metadata) === wanted;
}

/** The parents of a route that a policy targets, as far as they are ours. */
function parentsOf(route: ParentReference, statuses: readonly ObjectStatus[]): readonly ParentReference[] {
  const name = nameOf(route.kind, route);
  return statuses.flatMap((status) =>
    status.kind === 'route' && nameOf(status.object.kind, status.object.metadata) === name
      ? status.parents.map(({ ref }) => ({
          group: ref.group,
          kind: ref.kind,
          namespace: ref.namespace ?? status.object.metadata.namespace,
          name: ref.name,
        }))
      : [],
  );
}

/** A status that says of a later version of its object that this is not accepted. */
function turned(status: ObjectStatus, generation: number, verdict: Verdict): ObjectStatus {
  const swap = (verdicts: readonly Verdict[]): readonly Verdict[] => [
    verdict,
    ...verdicts.filter(({ type }) => type !== verdict.type),
  ];
  const later = <T extends { readonly metadata: object }>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, generation },
  });
  const reports = (all: readonly ParentReport[]): readonly ParentReport[] =>
    all.map(({ ref, verdicts }) => ({ ref, verdicts: swap(verdicts) }));
  switch (status.kind) {
    case 'class':
      return { ...status, object: later(status.object), verdicts: swap(status.verdicts) };
    case 'conditions':
      return { ...status, object: later(status.object), verdicts: swap(status.verdicts) };
    case 'gateway':
      return { ...status, object: later(status.object), verdicts: swap(status.verdicts) };
    case 'listener-set':
      return { ...status, object: later(status.object), verdicts: swap(status.verdicts) };
    case 'route':
      return { ...status, object: later(status.object), parents: reports(status.parents) };
    case 'policy':
      return { ...status, object: later(status.object), ancestors: reports(status.ancestors) };
    default:
      return status satisfies never;
  }
}

function no(message: string): Verdict {
  return { type: 'Accepted', status: 'False', reason: 'Invalid', message };
}

const ROUTES = [
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'UDPRoute',
] as const satisfies readonly RouteObject['kind'][];
const POLICIES = [
  'SecurityPolicy',
  'EnvoyExtensionPolicy',
  'BackendTLSPolicy',
  'ClientTrafficPolicy',
  'BackendTrafficPolicy',
  'EnvoyPatchPolicy',
] as const satisfies readonly PolicyObject['kind'][];

function isRoute(kind: string): kind is (typeof ROUTES)[number] {
  return ROUTES.some((name) => name === kind);
}

function isPolicy(kind: string): kind is (typeof POLICIES)[number] {
  return POLICIES.some((name) => name === kind);
}

function nameOf(kind: string, metadata: { readonly name: string; readonly namespace?: string | undefined }): string {
  return `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
}

function metadataIn({ metadata }: RefusedObject['document']): ObjectMeta | undefined {
  if (!isObject(metadata)) return undefined;
  const { name, namespace = 'default', generation = 0 } = metadata;
  if (typeof name !== 'string' || typeof namespace !== 'string' || typeof generation !== 'number') return undefined;
  return { name, namespace, generation };
}

/** The references of a list that nobody has checked, as far as they can be made out. */
function refsIn(list: unknown): readonly ParentReference[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((ref: unknown): ParentReference[] => {
    if (!isObject(ref)) return [];
    const { group = 'gateway.networking.k8s.io', kind = 'Gateway', name, namespace, sectionName, port } = ref;
    if (typeof group !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return [];
    return [
      {
        group,
        kind,
        name,
        ...(typeof namespace === 'string' ? { namespace } : {}),
        ...(typeof sectionName === 'string' ? { sectionName } : {}),
        ...(typeof port === 'number' ? { port } : {}),
      },
    ];
  });
}
