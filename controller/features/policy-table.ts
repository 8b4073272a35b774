import {
  type GatewayPlace,
  gatewayPolicy,
  indexPolicies,
  type Place,
  policiesInForce,
  type PolicyIndex,
} from '../policies/policy-index.ts';
import { mergePolicies, mergeTypeOf } from '../policies/merge.ts';
import { isInvalid, type Policy, type Target } from '../policies/targets.ts';
import { parentGateway } from '../resources/parent-gateway.ts';
import type { Resources } from '../resources/resources.ts';
import { remembered, wantsAsked } from '../resources/tracked.ts';
import type { Want } from '../resources/wants.ts';
import type { PolicyOutcome, RefusedOutcome } from './policy-outcome.ts';

/** The policies of one kind: by what they target, and what each of them comes to. */
export interface PolicyTable<P extends Policy = Policy> {
  readonly policies: readonly P[];
  readonly index: PolicyIndex<P>;
  readonly outcomes: ReadonlyMap<P, PolicyOutcome>;
  /** What each policy with a `mergeType` comes to when it is merged into one of its Gateways' policies. */
  readonly merged: ReadonlyMap<P, ReadonlyMap<P, PolicyOutcome>>;
  /** Of a kind that is not about routes: what a policy comes to on one that it selects all the same. */
  onRoutes?(policy: P): RefusedOutcome;
  /** What they need from outside. */
  readonly wants: readonly Want[];
}

/** Makes the table of a kind; the same object as long as no policy of it, and nothing that they refer to, changes. */
export function policyTable<P extends Policy>(
  kind: P['kind'],
  resolve: (policy: P, resources: Resources) => PolicyOutcome,
  onRoutes?: (policy: P) => RefusedOutcome,
): (policies: readonly P[], resources: Resources) => PolicyTable<P> {
  const outcomeOf = remembered(resolve);
  const pairs = new WeakMap<P, WeakMap<P, P>>();
  const pairOf = (own: P, parent: P): P | undefined => {
    const type = mergeTypeOf(own);
    if (type === undefined) return undefined;
    const known = pairs.get(own)?.get(parent);
    if (known !== undefined) return known;
    const made = mergePolicies(own, parent, type);
    const ofOwn = pairs.get(own) ?? new WeakMap<P, P>();
    pairs.set(own, ofOwn.set(parent, made));
    return made;
  };
  return remembered((policies: readonly P[], resources): PolicyTable<P> => {
    const index = indexPolicies(kind, policies, resources);
    const merged = new Map<P, ReadonlyMap<P, PolicyOutcome>>();
    for (const policy of policies) {
      if (mergeTypeOf(policy) === undefined) continue;
      const outcomes = new Map<P, PolicyOutcome>();
      for (const parent of parentsOf(policy, index, resources)) {
        const pair = pairOf(policy, parent);
        if (pair !== undefined) outcomes.set(parent, outcomeOf(pair, resources));
      }
      merged.set(policy, outcomes);
    }
    const outcomes = new Map(policies.map((policy) => [policy, outcomeOf(policy, resources)]));
    const made = { policies, index, outcomes, merged, wants: wantsAsked(resources) };
    return onRoutes === undefined ? made : { ...made, onRoutes };
  });
}

/** The policies of the Gateways, ListenerSets and listeners that the targets of a policy name as their parents. */
function parentsOf<P extends Policy>(policy: P, index: PolicyIndex<P>, resources: Resources): ReadonlySet<P> {
  const places = (index.targets.get(policy) ?? []).flatMap((target) => listenersOf(target, resources));
  const found = places.map((place) => gatewayPolicy(index, place));
  return new Set(found.flatMap((parent) => (parent === undefined || isInvalid(parent) ? [] : [parent])));
}

/** Every listener of what a route names as its parents. */
function listenersOf({ kind, namespace, name }: Target, resources: Resources): readonly GatewayPlace[] {
  if (kind === 'Gateway' || kind === 'ListenerSet') return [];
  const refs = resources.get(kind, namespace, name)?.spec.parentRefs ?? [];
  return refs.flatMap((ref): readonly GatewayPlace[] => {
    const parent = { namespace: ref.namespace ?? namespace, name: ref.name };
    if (ref.kind === 'Gateway') {
      const listeners = resources.get('Gateway', parent.namespace, parent.name)?.spec.listeners ?? [];
      return listeners.map((listener) => ({ ...parent, listener: listener.name }));
    }
    const set = ref.kind === 'ListenerSet' ? resources.get('ListenerSet', parent.namespace, parent.name) : undefined;
    const gateway = set === undefined ? undefined : parentGateway(set);
    if (set === undefined || gateway === undefined) return [];
    return set.spec.listeners.map((listener) => ({ ...gateway, listener: listener.name, set: parent }));
  });
}

/**
 * What the policy of a kind comes to at a place; `undefined` where there is none. Of a kind that is not about routes, a policy
 * that selects one takes the place of no other: it may close the route, and never opens what the policy of its Gateway closes.
 */
export function outcomeAt<P extends Policy>(place: Place, table: PolicyTable<P>): PolicyOutcome | undefined {
  if (table.index.isEmpty) return undefined;
  const { onRoute, onGateway } = policiesInForce(table.index, place);
  const isMisplaced = table.onRoutes !== undefined && onRoute !== undefined && !isInvalid(onRoute);
  const misplaced = isMisplaced ? table.onRoutes?.(onRoute) : undefined;
  if (misplaced?.open === false) return misplaced;
  const policy = misplaced === undefined ? (onRoute ?? onGateway) : onGateway;
  if (policy === undefined) return undefined;
  if (isInvalid(policy)) return UNREADABLE;
  if (onGateway === undefined || policy === onGateway || mergeTypeOf(policy) === undefined) {
    return table.outcomes.get(policy) ?? UNREADABLE;
  }
  return isInvalid(onGateway) ? UNREADABLE : (table.merged.get(policy)?.get(onGateway) ?? UNREADABLE);
}

const UNREADABLE: PolicyOutcome = {
  kind: 'refused',
  refusal: { reason: 'Invalid', message: 'the policy cannot be read' },
  open: false,
};
