import type { ResourceOf, TargetSelector } from '#controller/api/gen/types.d.ts';
import type { InvalidPolicy } from '../resources/invalid-policy.ts';
import { mayRefer } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { namespaceLabels, selects } from '../resources/selectors.ts';

/** The kinds of policy that attach to Gateways and routes (GEP-713, "Direct Policy Attachment"). */
export type PolicyKind = 'SecurityPolicy' | 'EnvoyExtensionPolicy' | 'BackendTrafficPolicy' | 'ClientTrafficPolicy';
/** A policy of any kind. */
export type Policy = ResourceOf<PolicyKind>;
/** The kinds of route that policies attach to. */
export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute';
/** The kinds that policies attach to. */
export type TargetKind = 'Gateway' | 'ListenerSet' | RouteKind;

/** What a policy is attached to: an object, or a listener or rule of it. */
export interface Target {
  readonly kind: TargetKind;
  readonly namespace: string;
  readonly name: string;
  readonly sectionName: string | undefined;
}

const TARGET_KINDS: readonly TargetKind[] = [
  'Gateway',
  'ListenerSet',
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'UDPRoute',
];

/** Whether targets of a kind have listeners of their own; the others are routes. */
export function hasListeners(kind: TargetKind): kind is 'Gateway' | 'ListenerSet' {
  return kind === 'Gateway' || kind === 'ListenerSet';
}

/** Whether a policy is one that could not be read. */
export function isInvalid(policy: Policy | InvalidPolicy): policy is InvalidPolicy {
  return 'targets' in policy;
}

/**
 * The targets that a policy names, whether they exist or not, then those that its selectors select; each once. References
 * stay in the policy's namespace; a selector reaches into another where a ReferenceGrant there lets policies of the kind in
 * (Envoy Gateway, `targetSelectors[].namespaces`).
 */
export function targetsOf(policy: Policy | InvalidPolicy, resources: Resources): readonly Target[] {
  const { namespace } = policy.metadata;
  const { references, selectors } = attachmentOf(policy);
  const named = references.flatMap(({ kind, name, sectionName }): Target[] =>
    isTargetKind(kind) ? [{ kind, namespace, name, sectionName }] : [],
  );
  const targets = [...named, ...selectors.flatMap((selector) => selected(policy, selector, resources))];
  if (targets.length < 2) return targets;
  return [...new Map(targets.map((target) => [targetKey(target), target])).values()];
}

interface Attachment {
  readonly references: readonly { readonly kind: string; readonly name: string; readonly sectionName?: string }[];
  readonly selectors: readonly TargetSelector[];
}

function attachmentOf(policy: Policy | InvalidPolicy): Attachment {
  if (isInvalid(policy)) return { references: policy.targets, selectors: policy.selectors };
  const { targetRef, targetRefs = [], targetSelectors = [] } = policy.spec;
  return { references: targetRef === undefined ? targetRefs : [targetRef, ...targetRefs], selectors: targetSelectors };
}

function selected(policy: Policy | InvalidPolicy, selector: TargetSelector, resources: Resources): readonly Target[] {
  const { kind } = selector;
  if (!isTargetKind(kind)) return [];
  const own = policy.metadata.namespace;
  const from = { group: 'gateway.envoyproxy.io', kind: policy.kind, namespace: own };
  const candidates: readonly ResourceOf<TargetKind>[] = resources.list(kind);
  return candidates
    .filter(
      ({ metadata: { namespace, name, labels = {} } }) =>
        reaches(selector.namespaces, own, namespace, resources) &&
        selects(selector, labels) &&
        mayRefer(from, { group: 'gateway.networking.k8s.io', kind, namespace, name }, resources),
    )
    .map(({ metadata: { namespace, name } }) => ({ kind, namespace, name, sectionName: undefined }));
}

function reaches(namespaces: TargetSelector['namespaces'], own: string, namespace: string, now: Resources): boolean {
  const from = namespaces?.from ?? 'Same';
  switch (from) {
    case 'Same':
      return namespace === own;
    case 'All':
      return true;
    case 'Selector':
      // A selector that is missing selects nothing: the schema refuses it.
      return namespaces?.selector !== undefined && selects(namespaces.selector, namespaceLabels(namespace, now));
    default:
      return from satisfies never;
  }
}

function isTargetKind(kind: string): kind is TargetKind {
  return TARGET_KINDS.some((known) => known === kind);
}

/** Text that is equal for equal targets. */
export function targetKey({ kind, namespace, name, sectionName }: Target): string {
  return `${kind}/${namespace}/${name}/${sectionName ?? ''}`;
}
