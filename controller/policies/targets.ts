import type { KindName, ResourceOf } from '#controller/api/gen/types.d.ts';
import type { InvalidPolicy } from '../resources/invalid-policy.ts';
import { byAge, type Resources } from '../resources/resources.ts';
import { selects } from '../resources/selectors.ts';

/** The kinds of policy that attach to Gateways and routes (GEP-713, "Direct Policy Attachment"). */
export type PolicyKind = 'SecurityPolicy' | 'EnvoyExtensionPolicy' | 'BackendTrafficPolicy' | 'ClientTrafficPolicy';
/** A policy of any kind. */
export type Policy = ResourceOf<PolicyKind>;

/** What a policy is attached to: an object, or a listener or rule of it. */
export interface Target {
  readonly kind: 'Gateway' | 'HTTPRoute';
  readonly namespace: string;
  readonly name: string;
  readonly sectionName: string | undefined;
}

/** The targets that a policy names, whether they exist or not; of kinds that take policies. */
export function targetsOf(policy: Policy, resources: Resources): readonly Target[] {
  const { namespace } = policy.metadata;
  const { targetRef, targetRefs = [], targetSelectors = [] } = policy.spec;
  const named = (targetRef === undefined ? targetRefs : [targetRef, ...targetRefs]).flatMap((ref): Target[] =>
    isTargetKind(ref.kind) ? [{ kind: ref.kind, namespace, name: ref.name, sectionName: ref.sectionName }] : [],
  );
  const selected = targetSelectors.flatMap((selector): Target[] => {
    const { kind } = selector;
    if (!isTargetKind(kind)) return [];
    return listOf(kind, resources)
      .filter(({ metadata }) => metadata.namespace === namespace && selects(selector, metadata.labels ?? {}))
      .map(({ metadata }) => ({ kind, namespace, name: metadata.name, sectionName: undefined }));
  });
  return [...named, ...selected];
}

function isTargetKind(kind: string): kind is Target['kind'] {
  return kind === 'Gateway' || kind === 'HTTPRoute';
}

function listOf(kind: Target['kind'], resources: Resources): readonly ResourceOf<'Gateway' | 'HTTPRoute'>[] {
  return resources.list(kind satisfies KindName);
}

/** Text that is equal for equal targets. */
export function targetKey({ kind, namespace, name, sectionName }: Target): string {
  return `${kind}/${namespace}/${name}/${sectionName ?? ''}`;
}

/** The policies of one kind by what they target. */
export interface PolicyIndex<P extends Policy> {
  /** Whether no policy targets anything. */
  readonly isEmpty: boolean;
  /** The policy in force on exactly this target: one that cannot be read if there is any, else the oldest that names it. */
  on(target: Target): P | InvalidPolicy | undefined;
}

/** Whether a policy is one that could not be read. */
export function isInvalid(policy: Policy | InvalidPolicy): policy is InvalidPolicy {
  return 'targets' in policy;
}

/** Indexes the policies of one kind by target. Of several on one target the oldest wins, then the first by namespace and name. */
export function indexPolicies<P extends Policy>(
  kind: P['kind'],
  policies: readonly P[],
  resources: Resources,
): PolicyIndex<P> {
  const winners = new Map<string, P | InvalidPolicy>();
  for (const policy of resources.invalidPolicies().filter((invalid) => invalid.kind === kind)) {
    for (const target of policy.targets) {
      if (!isTargetKind(target.kind)) continue;
      const { name, sectionName } = target;
      const key = targetKey({ kind: target.kind, namespace: policy.metadata.namespace, name, sectionName });
      if (!winners.has(key)) winners.set(key, policy);
    }
  }
  for (const policy of [...policies].sort(byAge)) {
    for (const target of targetsOf(policy, resources)) {
      const key = targetKey(target);
      if (!winners.has(key)) winners.set(key, policy);
    }
  }
  return { isEmpty: winners.size === 0, on: (target) => winners.get(targetKey(target)) };
}

/** Where a request goes: what policies on any of these are about it. */
export interface Place {
  readonly gateway: { readonly namespace: string; readonly name: string; readonly listener: string };
  readonly route: { readonly namespace: string; readonly name: string; readonly rule: string | undefined };
}

/**
 * The policy in force at a place: that of the rule, else of the route, else of the listener, else of the Gateway. The more
 * specific one replaces the other whole (Envoy Gateway, "Policy precedence").
 */
export function policyInForce<P extends Policy>(
  index: PolicyIndex<P>,
  { gateway, route }: Place,
): P | InvalidPolicy | undefined {
  const onRoute = { kind: 'HTTPRoute', namespace: route.namespace, name: route.name } as const;
  const onGateway = { kind: 'Gateway', namespace: gateway.namespace, name: gateway.name } as const;
  return (
    (route.rule === undefined ? undefined : index.on({ ...onRoute, sectionName: route.rule })) ??
    index.on({ ...onRoute, sectionName: undefined }) ??
    index.on({ ...onGateway, sectionName: gateway.listener }) ??
    index.on({ ...onGateway, sectionName: undefined })
  );
}
