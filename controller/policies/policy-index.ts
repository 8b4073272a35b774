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

/** A listener, as policies name it. */
export interface GatewayPlace {
  readonly namespace: string;
  readonly name: string;
  /** Its name in the Gateway, or in the ListenerSet. */
  readonly listener: string;
  /** The ListenerSet that it is written in; absent for a listener of the Gateway's own. */
  readonly set?: { readonly namespace: string; readonly name: string };
}

/** Where a request goes: what policies on any of these are about it. */
export interface Place {
  readonly gateway: GatewayPlace;
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
  /** That of the listener, else of its ListenerSet, else of the Gateway. */
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

/** The policy of a listener, else of its ListenerSet, else of its Gateway. */
export function gatewayPolicy<P extends Policy>(
  index: PolicyIndex<P>,
  place: GatewayPlace,
): P | InvalidPolicy | undefined {
  for (const target of targetsAt(place)) {
    const policy = index.on(target);
    if (policy !== undefined) return policy;
  }
  return undefined;
}

/** What policies of a listener may target, the most specific first. */
function targetsAt({ namespace, name, listener, set }: GatewayPlace): readonly Target[] {
  const gateway: Target = { kind: 'Gateway', namespace, name, sectionName: undefined };
  if (set === undefined) return [{ ...gateway, sectionName: listener }, gateway];
  const whole: Target = { kind: 'ListenerSet', ...set, sectionName: undefined };
  return [{ ...whole, sectionName: listener }, whole, gateway];
}

/**
 * The Gateway ("<namespace>/<name>"), listener ("<namespace>/<name>/<listener>") or ListenerSet ("ListenerSet <namespace>/<name>",
 * with or without a listener) whose policy is in force at a place; `undefined` where that is the policy of a route or rule,
 * or there is none.
 */
export function gatewayInForce<P extends Policy>(index: PolicyIndex<P>, place: Place): string | undefined {
  const { onRoute, onGateway } = policiesInForce(index, place);
  if (onRoute !== undefined || onGateway === undefined) return undefined;
  return placeInForce(index, place.gateway);
}

/** The same of a listener, whatever routes say. */
export function placeInForce<P extends Policy>(index: PolicyIndex<P>, place: GatewayPlace): string | undefined {
  const own = targetsAt(place).find((target) => index.on(target) !== undefined);
  return own === undefined ? undefined : placeOf(own);
}

/** What a target that policies of Gateways have is called among places: see `gatewayInForce`. */
export function placeOf({ kind, namespace, name, sectionName }: Target): string {
  const words = `${kind === 'ListenerSet' ? 'ListenerSet ' : ''}${namespace}/${name}`;
  return sectionName === undefined ? words : `${words}/${sectionName}`;
}
