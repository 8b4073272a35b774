import { isObject } from '#controller/api/compile.ts';
import type { Policy } from './targets.ts';

/** How a policy of a route is merged into that of its Gateway (Envoy Gateway, `mergeType`). */
export type MergeType = 'StrategicMerge' | 'JSONMerge';

/** How a policy is to be merged into the one it would replace, `undefined` when it replaces it whole. */
export function mergeTypeOf(policy: Policy): MergeType | undefined {
  return 'mergeType' in policy.spec ? policy.spec.mergeType : undefined;
}

/**
 * A policy of a route merged into that of its Gateway: objects field by field, the route's fields first; a list is replaced
 * whole. JSONMerge is RFC 7396; StrategicMerge is Kubernetes' strategic merge patch, in which the lists of `LISTS` are merged
 * entry by entry, too. The result is called what the route's policy is called; its parts that came from either policy are
 * the very objects of that policy, which is how `fieldNamespace` knows whose they are.
 */
export function mergePolicies<P extends Policy>(own: P, parent: P, type: MergeType): P {
  const spec = mergeSpecs(parent.spec, own.spec, type);
  const merged: unknown = { ...own, spec };
  if (!isLike(own, merged)) throw new Error('a merged policy is of another kind');
  const objects = objectsIn(parent.spec).difference(objectsIn(own.spec));
  parents.set(merged, { objects, parent });
  return merged;
}

/** A spec merged into another: see `mergePolicies`. */
export function mergeSpecs(parent: object, own: object, type: MergeType): object {
  return mergeObjects(parent, own, '', type);
}

/** Two objects of one type merge to one of that type. */
function isLike<P extends Policy>(like: P, value: unknown): value is P {
  return isObject(value) && value['kind'] === like.kind;
}

/** Where each merged policy has what it did not say itself from. */
const parents = new WeakMap<Policy, { readonly objects: ReadonlySet<object>; readonly parent: Policy }>();

/** Which policy says a part of a spec. */
export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The namespace in which the references of a part of a policy's spec are resolved: that of the policy which says this part.
 * A part that both say is the route's policy's.
 */
export function fieldNamespace(policy: Policy, part: object): string {
  return fieldOwner(policy, part).namespace;
}

/** The policy that says a part of a policy's spec: see `fieldNamespace`. */
export function fieldOwner(policy: Policy, part: object): Owner {
  const { namespace, name } = sayingPolicy(policy, part).metadata;
  return { namespace, name };
}

/** The same, the policy itself; what was merged before it was merged again is of whoever said it first. */
export function sayingPolicy(policy: Policy, part: object): Policy {
  const merged = parents.get(policy);
  return merged?.objects.has(part) === true ? sayingPolicy(merged.parent, part) : policy;
}

/** An annotation of a policy; of one that was merged that of the route's policy, else of its Gateway's. */
export function policyAnnotation(policy: Policy, name: string): string | undefined {
  return policy.metadata.annotations?.[name] ?? parents.get(policy)?.parent.metadata.annotations?.[name];
}

function objectsIn(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null) return found;
  found.add(value);
  for (const member of Object.values(value)) objectsIn(member, found);
  return found;
}

/** Lists that a strategic merge patch merges: by a key of their entries, or by putting one after the other. */
const LISTS: { readonly [path: string]: { readonly key: string } | 'joined' } = {
  '.compression': { key: 'type' },
  '.compressor': { key: 'type' },
  '.httpUpgrade': { key: 'type' },
  '.extAuth.contextExtensions': { key: 'name' },
  // Envoy Gateway merges rules by names that contain the policy's: none is ever equal.
  '.rateLimit.global.rules': 'joined',
  '.rateLimit.local.rules': 'joined',
  ...workloadLists('envoyDeployment'),
  ...workloadLists('envoyDaemonSet'),
};

/** The lists of an EnvoyProxy that Kubernetes merges by a key (`patchMergeKey` of its types). */
function workloadLists(workload: string): { readonly [path: string]: { readonly key: string } } {
  const at = `.provider.kubernetes.${workload}`;
  return {
    [`${at}.container.env`]: { key: 'name' },
    [`${at}.container.volumeMounts`]: { key: 'mountPath' },
    [`${at}.initContainers`]: { key: 'name' },
    [`${at}.pod.volumes`]: { key: 'name' },
    [`${at}.pod.imagePullSecrets`]: { key: 'name' },
    [`${at}.pod.topologySpreadConstraints`]: { key: 'topologyKey' },
  };
}

function merge(parent: unknown, own: unknown, path: string, type: MergeType): unknown {
  if (isObject(parent) && isObject(own)) return mergeObjects(parent, own, path, type);
  const list = type === 'StrategicMerge' ? LISTS[path] : undefined;
  if (list === undefined || !Array.isArray(parent) || !Array.isArray(own)) return own;
  return list === 'joined' ? [...own, ...parent] : mergeLists(parent, own, list.key);
}

function mergeObjects(parent: object, own: object, path: string, type: MergeType): object {
  const merged = new Map<string, unknown>(Object.entries(parent));
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined) merged.set(name, merge(merged.get(name), value, `${path}.${name}`, type));
  }
  return Object.fromEntries(merged);
}

/** Entries that only the patch has come first, as Kubernetes does it; the others stay where they are. */
function mergeLists(parent: readonly unknown[], own: readonly unknown[], key: string): readonly unknown[] {
  const keyOf = (entry: unknown): unknown => (isObject(entry) ? entry[key] : undefined);
  const known = new Set(parent.map(keyOf));
  const merged = parent.map((entry) => {
    const patch = own.find((candidate) => keyOf(candidate) === keyOf(entry));
    return patch === undefined ? entry : merge(entry, patch, '', 'JSONMerge');
  });
  return [...own.filter((entry) => !known.has(keyOf(entry))), ...merged];
}
