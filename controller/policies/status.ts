import type { ParentReference } from '#controller/api/gen/types.d.ts';
import type { InvalidPolicy } from '../resources/invalid-policy.ts';
import { parentGateway } from '../resources/parent-gateway.ts';
import type { Resources } from '../resources/resources.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import { type AncestorReport, AncestorReports } from './ancestors.ts';
import { deprecatedFields } from './deprecated-fields.ts';
import { mergeTypeOf } from './merge.ts';
import { type Overrides, overridesOf, type Scope, scopesInWords } from './overrides.ts';
import { type GatewayPlace, gatewayPolicy, placeInForce, placeOf, type PolicyIndex } from './policy-index.ts';
import { hasListeners, isInvalid, type Policy, type PolicyKind, type Target, type TargetKind } from './targets.ts';

/** The policies of one kind and whether they can be enforced. */
export interface PolicyVerdicts<P extends Policy> {
  readonly kind: PolicyKind;
  readonly index: PolicyIndex<P>;
  /** Why a policy, by itself or merged into that of a Gateway, is not in force on a target; `undefined` when it is. */
  refusalOf(policy: P, mergedInto: P | undefined, kind: TargetKind): Refusal | undefined;
  /** Why something that a policy in force needs could not be fetched again; `undefined` when all could. */
  staleOf(policy: P): string | undefined;
}

/** The Gateways that this controller serves, and what is attached to them. */
export interface ServedGateways {
  has(namespace: string, gateway: string): boolean;
  /** The listeners of all of them that a route is attached to, those of ListenerSets too. */
  listenersOf(route: Target): readonly GatewayPlace[];
}

/**
 * What is to be said of every policy of a kind, to each Gateway that it leads to: types, reasons and words are those of Envoy
 * Gateway 1.9. A target that does not exist is told so itself; a Gateway of another controller is told nothing.
 */
export function policyReports<P extends Policy>(
  policies: PolicyVerdicts<P>,
  served: ServedGateways,
  resources: Resources,
): ReadonlyMap<P, readonly AncestorReport[]> {
  const context: Context<P> = {
    policies,
    served,
    resources,
    overrides: overridesOf(policies.index, resources),
    merged: new Map(),
  };
  const { targets } = policies.index;
  const reports = new Map([...targets.keys()].map((policy) => [policy, new AncestorReports()]));
  // What routes merged into the policies of Gateways is said of those.
  for (const isOfListeners of [false, true]) {
    for (const [policy, found] of targets) {
      for (const target of found) {
        const into = reports.get(policy);
        if (into !== undefined && hasListeners(target.kind) === isOfListeners) report(policy, target, into, context);
      }
    }
  }
  return new Map([...reports].map(([policy, found]) => [policy, found.list()]));
}

interface Context<P extends Policy> {
  readonly policies: PolicyVerdicts<P>;
  readonly served: ServedGateways;
  readonly resources: Resources;
  readonly overrides: Overrides;
  /** The routes whose policies were merged into that of a Gateway, ListenerSet or listener, by its place. */
  readonly merged: Map<string, Map<string, Scope>>;
}

function report<P extends Policy>(policy: P, target: Target, into: AncestorReports, context: Context<P>): void {
  const { policies, resources } = context;
  const { kind, namespace, name, sectionName } = target;
  const found = resources.get(kind, namespace, name);
  if (found === undefined) {
    into.set(refTo(kind, namespace, name, sectionName), notFound(`${kind} ${namespace}/${name} does not exist`));
    return;
  }
  const ancestors = ancestorsOf(target, context);
  if (sectionName !== undefined && !sectionsOf(found).includes(sectionName)) {
    const message = `No section name ${sectionName} found for ${kind} ${namespace}/${name}`;
    for (const ref of ancestors) into.set(ref, notFound(message));
    return;
  }
  if (policies.index.on(target) !== policy) {
    const verdict = no('Conflicted', conflictMessage(policies.kind, target));
    for (const ref of ancestors) into.set(ref, verdict);
    return;
  }
  if (!hasListeners(target.kind) && mergeTypeOf(policy) !== undefined) reportMerges(policy, target, into, context);
  else acceptOrRefuse(ancestors, policies.refusalOf(policy, undefined, kind), into);
  for (const ref of ancestors) {
    into.accept(ref);
    for (const verdict of more(policy, target, context)) into.set(ref, verdict);
    const stale = policies.staleOf(policy);
    if (stale !== undefined) into.set(ref, notRefreshed(stale));
  }
}

function acceptOrRefuse(refs: readonly ParentReference[], refused: Refusal | undefined, into: AncestorReports): void {
  if (refused !== undefined) for (const ref of refs) into.set(ref, no(refused.reason, refused.message));
}

/** A policy that is merged is told so to every listener that its route is attached to. */
function reportMerges<P extends Policy>(policy: P, target: Target, into: AncestorReports, context: Context<P>): void {
  const { policies, served, merged } = context;
  for (const at of served.listenersOf(target)) {
    const { namespace, name } = at.set ?? at;
    const ref = refTo(at.set === undefined ? 'Gateway' : 'ListenerSet', namespace, name, at.listener);
    const parent = gatewayPolicy(policies.index, at);
    const readable = parent === undefined || isInvalid(parent) ? undefined : parent;
    const refused = isUnreadable(parent) ? UNREADABLE : policies.refusalOf(policy, readable, target.kind);
    if (refused !== undefined) into.set(ref, no(refused.reason, refused.message));
    if (refused !== undefined || readable === undefined) continue;
    const place = placeInForce(policies.index, at) ?? '';
    const scope: Scope = { kind: 'route', name: `${target.namespace}/${target.name}` };
    merged.set(place, (merged.get(place) ?? new Map<string, Scope>()).set(scope.name, scope));
    const { metadata } = readable;
    into.set(ref, yes('Merged', `Merged with policy ${metadata.namespace}/${metadata.name}`));
  }
}

const UNREADABLE: Refusal = { reason: 'Invalid', message: 'the policy of the Gateway to merge into cannot be read' };

function isUnreadable(policy: Policy | InvalidPolicy | undefined): boolean {
  return policy !== undefined && isInvalid(policy);
}

/** What is said beside whether the policy is accepted. */
function more<P extends Policy>(policy: P, target: Target, context: Context<P>): readonly Verdict[] {
  const { policies, overrides, merged } = context;
  const deprecated = deprecatedFields(policy);
  const warning = deprecated === '' ? [] : [yes('Warning', deprecated, 'DeprecatedField')];
  const { sectionName } = target;
  if (!hasListeners(target.kind)) {
    const rules = sectionName === undefined ? overrides.rulesOf(target) : [];
    if (rules.length === 0) return warning;
    const others = policies.kind === 'BackendTrafficPolicy' ? 'backendTrafficPolicy' : plural(policies.kind);
    return [overridden(`by other ${others} for these route rules: [${rules.join(' ')}]`), ...warning];
  }
  const own = [...(merged.get(placeOf(target))?.values() ?? [])];
  const rest = overrides
    .below(target)
    // A ClientTrafficPolicy that selects a route is not in force there.
    .filter((scope) => policies.kind !== 'ClientTrafficPolicy' || scope.kind !== 'route')
    .filter((scope) => !own.some((one) => one.kind === scope.kind && one.name === scope.name));
  return [
    ...(own.length === 0
      ? []
      : [yes('Merged', `This policy is being merged by other ${plural(policies.kind)} for ${scopesInWords(own)}`)]),
    ...(rest.length === 0 ? [] : [overriddenGateway(policies.kind, rest)]),
    ...warning,
  ];
}

function overriddenGateway(kind: PolicyKind, scopes: readonly Scope[]): Verdict {
  if (kind !== 'ClientTrafficPolicy') return overridden(`by other ${plural(kind)} for ${scopesInWords(scopes)}`);
  const sections = scopes.map(({ name }) => name.slice(name.lastIndexOf('/') + 1)).sort();
  return yes(
    'Overridden',
    `There are existing ClientTrafficPolicies that are overriding these sections [${sections.join(' ')}]`,
  );
}

function overridden(by: string): Verdict {
  return yes('Overridden', `This policy is being overridden ${by}`);
}

function plural(kind: PolicyKind): string {
  return `${kind.charAt(0).toLowerCase()}${kind.slice(1, -1)}ies`;
}

function yes(type: string, message: string, reason = type): Verdict {
  return { type, status: 'True', reason, message };
}

function no(reason: string, message: string): Verdict {
  return { type: 'Accepted', status: 'False', reason, message };
}

/** A condition of our own: the policy is in force, with what was fetched before. */
function notRefreshed(failures: string): Verdict {
  const message = `${failures}; what was fetched before is in force`;
  return { type: 'Refreshed', status: 'False', reason: 'FetchFailed', message };
}

function notFound(message: string): Verdict {
  return no('TargetNotFound', message);
}

function conflictMessage(policy: PolicyKind, { kind, name, sectionName }: Target): string {
  return `Unable to target ${conflictSubject(policy, kind, name, sectionName)}, another ${policy} has already attached to it`;
}

function conflictSubject(policy: PolicyKind, kind: Target['kind'], name: string, section: string | undefined): string {
  if (section === undefined) return `${kind} ${name}`;
  if (policy === 'ClientTrafficPolicy') return `section of ${name}`;
  return `${kind === 'Gateway' || kind === 'ListenerSet' ? 'Listener' : 'RouteRule'} ${name}/${section}`;
}

function sectionsOf(object: NonNullable<ReturnType<typeof targetObject>>): readonly string[] {
  if (object.kind === 'Gateway' || object.kind === 'ListenerSet') return object.spec.listeners.map(({ name }) => name);
  return (object.spec.rules ?? []).flatMap(({ name }: { readonly name?: string }) =>
    name === undefined ? [] : [name],
  );
}

function targetObject({ kind, namespace, name }: Target, resources: Resources) {
  return resources.get(kind, namespace, name);
}

function refTo(kind: string, namespace: string, name: string, sectionName: string | undefined): ParentReference {
  const section = sectionName === undefined ? {} : { sectionName };
  return { group: 'gateway.networking.k8s.io', kind, namespace, name, ...section };
}

/** The served Gateways that a policy on a target leads to, with the listeners as the target or its route names them. */
function ancestorsOf<P extends Policy>(target: Target, context: Context<P>): readonly ParentReference[] {
  const { kind, namespace, name, sectionName } = target;
  if (hasListeners(target.kind)) {
    return isServed(target, context) ? [refTo(kind, namespace, name, sectionName)] : [];
  }
  return parentsOf(target, context).map((ref) => refTo(ref.kind, ref.namespace, ref.name, ref.sectionName));
}

/** Whether a Gateway is served, or that to which a ListenerSet adds listeners. */
function isServed<P extends Policy>(target: Target, { served, resources }: Context<P>): boolean {
  const { kind, namespace, name } = target;
  if (kind === 'Gateway') return served.has(namespace, name);
  const set = resources.get('ListenerSet', namespace, name);
  const gateway = set === undefined ? undefined : parentGateway(set);
  return gateway !== undefined && served.has(gateway.namespace, gateway.name);
}

/** The served Gateways, and their ListenerSets, that a route names. */
function parentsOf<P extends Policy>(target: Target, context: Context<P>): readonly Target[] {
  const { kind } = target;
  if (kind === 'Gateway' || kind === 'ListenerSet') return [];
  const refs = context.resources.get(kind, target.namespace, target.name)?.spec.parentRefs ?? [];
  return refs.flatMap((ref): Target[] => {
    if (ref.kind !== 'Gateway' && ref.kind !== 'ListenerSet') return [];
    const { namespace = target.namespace, name, sectionName } = ref;
    const parent: Target = { kind: ref.kind, namespace, name, sectionName };
    return isServed(parent, context) ? [parent] : [];
  });
}
