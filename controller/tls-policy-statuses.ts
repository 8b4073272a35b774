import type { BackendTLSPolicy, ParentReference } from './api/gen/types.d.ts';
import { isOn, resolveTlsPolicy, type TlsPolicyOutcome, tlsPolicyOf, type TlsTarget } from './backends/tls-policies.ts';
import type { PolicyTables } from './features/rule-features.ts';
import { type AskingPolicy, BackendUses } from './gateway/backend-uses.ts';
import type { GatewayState } from './gateway/gateways.ts';
import { ACCEPTED, AncestorReports, type AncestorReport } from './policies/ancestors.ts';
import { compare, type Resources } from './resources/resources.ts';
import { remembered } from './resources/tracked.ts';
import type { Verdict } from './resources/verdict.ts';
import type { ObjectStatus } from './status/object-status.ts';

/**
 * Makes what is to be said of BackendTLSPolicies, to each parent of each route, and each policy, that sends requests to a target (Gateway API,
 * BackendTLSPolicy; types, reasons and ancestors are those of Envoy Gateway 1.9). The same status while it says the same.
 */
export function rememberedTlsPolicyStatuses(): (
  tables: PolicyTables,
  gateways: readonly GatewayState[],
  resources: Resources,
) => readonly ObjectStatus[] {
  const uses = new BackendUses();
  const outcomeOf = remembered(resolveTlsPolicy);
  const last = new WeakMap<BackendTLSPolicy, { readonly text: string; readonly status: ObjectStatus }>();
  return (tables, gateways, resources) => {
    const policies = resources.list('BackendTLSPolicy');
    if (policies.length === 0) uses.update([], []);
    else {
      const asking = [...resources.pieces('SecurityPolicy'), ...resources.pieces('EnvoyExtensionPolicy')];
      uses.update(gateways, asking);
    }
    return policies.map((object) => {
      const ancestors = ancestorsOf(object, outcomeOf(object, resources), uses, tables, resources);
      const text = JSON.stringify(ancestors);
      const known = last.get(object);
      if (known?.text === text) return known.status;
      const status: ObjectStatus = { kind: 'policy', object, ancestors };
      last.set(object, { text, status });
      return status;
    });
  };
}

function ancestorsOf(
  policy: BackendTLSPolicy,
  outcome: TlsPolicyOutcome,
  uses: BackendUses,
  tables: PolicyTables,
  resources: Resources,
): readonly AncestorReport[] {
  const reports = new AncestorReports();
  const { namespace } = policy.metadata;
  for (const { group, kind, name, sectionName } of policy.spec.targetRefs) {
    const target = { group, kind, namespace, name };
    const missing = missingPart(target, sectionName, resources);
    if (missing !== undefined) {
      const section = sectionName === undefined ? {} : { sectionName };
      reports.set({ ...target, ...section }, notFound(missing));
      continue;
    }
    const refs = parentsOf(target, sectionName, uses, tables, resources);
    const winner = tlsPolicyOf(target, sectionName, resources);
    const other = winner !== undefined && winner !== policy && isSameTarget(winner, target, sectionName);
    for (const ref of refs) {
      if (other) reports.set(ref, conflicted(winner.metadata));
      else for (const verdict of verdictsOf(outcome)) reports.set(ref, verdict);
    }
  }
  return reports.list();
}

/** What of a target does not exist, or `undefined`. */
function missingPart(target: TlsTarget, section: string | undefined, resources: Resources): string | undefined {
  const { kind, namespace, name } = target;
  const isBackend = kind === 'Service' || kind === 'ServiceImport' || kind === 'Backend';
  const object = isBackend ? resources.get(kind, namespace, name) : undefined;
  if (object === undefined) return `${kind} ${namespace}/${name} does not exist`;
  if (section === undefined) return undefined;
  const sections =
    object.kind === 'Backend'
      ? (object.spec.endpoints ?? []).flatMap(({ ip, fqdn }) => String(ip?.port ?? fqdn?.port ?? ''))
      : (object.spec.ports ?? []).flatMap((port) => port.name ?? []);
  return sections.includes(section) ? undefined : `No section name ${section} found for ${kind} ${namespace}/${name}`;
}

/** As the policies of Envoy Gateway say it, to the target itself: there is no Gateway to say it to. */
function notFound(message: string): Verdict {
  return { type: 'Accepted', status: 'False', reason: 'TargetNotFound', message };
}

/** Whether the policy that goes before another is on the same part: one on a part of a target does not conflict with one on all. */
function isSameTarget(
  winner: NonNullable<ReturnType<typeof tlsPolicyOf>>,
  target: TlsTarget,
  section: string | undefined,
): boolean {
  return !('spec' in winner) || isOn(winner, target, section);
}

/** The parents of routes, and the policies, that send requests to a part of a target, each once. */
function parentsOf(
  target: TlsTarget,
  section: string | undefined,
  uses: BackendUses,
  tables: PolicyTables,
  resources: Resources,
): readonly ParentReference[] {
  const port = section === undefined ? undefined : portOf(target, section, resources);
  const found = uses
    .of(target.kind, target.namespace, target.name)
    .filter((use) => section === undefined || use.port === port || target.kind === 'Backend')
    .filter(({ policy }) => policy === undefined || isOnAnything(policy, tables, resources));
  // In an order that does not depend on that of events.
  const parents = new Map(found.map(({ parent }) => [JSON.stringify(parent), parent]));
  return [...parents].sort(([a], [b]) => compare(a, b)).map(([, parent]) => parent);
}

/** Whether a target of a policy exists. Tables know the targets: to find what selectors select, all routes are looked at. */
function isOnAnything(policy: AskingPolicy, { security, extension }: PolicyTables, resources: Resources): boolean {
  const targets =
    policy.kind === 'SecurityPolicy' ? security.index.targets.get(policy) : extension.index.targets.get(policy);
  return (targets ?? []).some(({ kind, namespace, name }) => resources.get(kind, namespace, name) !== undefined);
}

/** The port of a section; -1 where there is none. */
function portOf({ kind, namespace, name }: TlsTarget, section: string, resources: Resources): number {
  const target = kind === 'Service' || kind === 'ServiceImport' ? resources.get(kind, namespace, name) : undefined;
  return target?.spec.ports?.find((port) => port.name === section)?.port ?? -1;
}

function verdictsOf(outcome: TlsPolicyOutcome): readonly Verdict[] {
  if (outcome.ok) return [RESOLVED, ACCEPTED];
  const { accepted, resolvedRefs } = outcome.refusal;
  return [
    { type: 'Accepted', status: 'False', ...accepted },
    resolvedRefs === undefined ? RESOLVED : { type: 'ResolvedRefs', status: 'False', ...resolvedRefs },
  ];
}

const RESOLVED: Verdict = {
  type: 'ResolvedRefs',
  status: 'True',
  reason: 'ResolvedRefs',
  message: 'Every reference of the policy leads somewhere',
};

function conflicted({ namespace, name }: { readonly namespace: string; readonly name: string }): Verdict {
  const message = `Policy conflicts with BackendTLSPolicy ${namespace}/${name}.`;
  return { type: 'Accepted', status: 'False', reason: 'Conflicted', message };
}
