import type { InvalidPolicy } from '../resources/invalid-policy.ts';
import { byAge, type Resources } from '../resources/resources.ts';
import { type Policy, type RouteKind, type Target, targetKey, targetsOf } from './targets.ts';

/** A target, and the policy that is in force on exactly that. */
export interface Claim<P extends Policy> {
  readonly target: Target;
  readonly policy: P | InvalidPolicy;
}

/** The policies of one kind by what they target. */
export interface PolicyIndex<P extends Policy> {
  /** Whether no policy targets anything. */
  readonly isEmpty: boolean;
  /** What each policy targets. */
  readonly targets: ReadonlyMap<P, readonly Target[]>;
  /** Every target that a policy is in force on, with the policy. */
  readonly claims: ReadonlyMap<string, Claim<P>>;
  /** The policy in force on exactly this target: one that cannot be read if there is any, else the oldest that names it. */
  on(target: Target): P | InvalidPolicy | undefined;
}

/** Indexes the policies of one kind by target. Of several on one target the oldest wins, then the first by namespace and name. */
export function indexPolicies<P extends Policy>(
  kind: P['kind'],
  policies: readonly P[],
  resources: Resources,
): PolicyIndex<P> {
  const claims = new Map<string, Claim<P>>();
  const targets = new Map<P, readonly Target[]>();
  const claim = (target: Target, policy: P | InvalidPolicy): void => {
    const key = targetKey(target);
    if (!claims.has(key)) claims.set(key, { target, policy });
  };
  for (const policy of resources.invalidPolicies().filter((invalid) => invalid.kind === kind)) {
    for (const target of targetsOf(policy, resources)) claim(target, policy);
  }
  for (const policy of [...policies].sort(byAge)) {
    const found = targetsOf(policy, resources);
    targets.set(policy, found);
    for (const target of found) claim(target, policy);
  }
  return { isEmpty: claims.size === 0, targets, claims, on: (target) => claims.get(targetKey(target))?.policy };
}

/** Where a request goes: what policies on any of these are about it. */
export interface Place {
  readonly gateway: { readonly namespace: string; readonly name: string; readonly listener: string };
  readonly route: {
    readonly kind: RouteKind;
    readonly namespace: string;
    readonly name: string;
    readonly rule: string | undefined;
  };
}

/** The policies of one kind that are about a place. */
export interface InForce<P extends Policy> {
  /** That of the rule, else of the route. */
  readonly onRoute: P | InvalidPolicy | undefined;
  /** That of the listener, else of the Gateway. */
  readonly onGateway: P | InvalidPolicy | undefined;
}

/**
 * The policies about a place, the more specific one of each level. That of the route replaces that of the Gateway whole,
 * unless it says how the two are merged (Envoy Gateway, "Policy precedence" and `mergeType`).
 */
export function policiesInForce<P extends Policy>(index: PolicyIndex<P>, { gateway, route }: Place): InForce<P> {
  const { kind, namespace, name, rule } = route;
  const onRule = rule === undefined ? undefined : index.on({ kind, namespace, name, sectionName: rule });
  return {
    onRoute: onRule ?? index.on({ kind, namespace, name, sectionName: undefined }),
    onGateway: gatewayPolicy(index, gateway),
  };
}

/** The policy of a listener, else of its Gateway. */
export function gatewayPolicy<P extends Policy>(
  index: PolicyIndex<P>,
  { namespace, name, listener }: Place['gateway'],
): P | InvalidPolicy | undefined {
  const target = { kind: 'Gateway', namespace, name } as const;
  return index.on({ ...target, sectionName: listener }) ?? index.on({ ...target, sectionName: undefined });
}

/**
 * The Gateway ("<namespace>/<name>") or listener ("<namespace>/<name>/<listener>") whose policy is in force at a place;
 * `undefined` where that is the policy of a route or rule, or there is none.
 */
export function gatewayInForce<P extends Policy>(index: PolicyIndex<P>, place: Place): string | undefined {
  const { onRoute, onGateway } = policiesInForce(index, place);
  if (onRoute !== undefined || onGateway === undefined) return undefined;
  const { namespace, name, listener } = place.gateway;
  const own = index.on({ kind: 'Gateway', namespace, name, sectionName: listener });
  return own === undefined ? `${namespace}/${name}` : `${namespace}/${name}/${listener}`;
}
