import type { ParentReference } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import type { InvalidPolicy } from '../resources/invalid-policy.ts';
import { type Policy, type PolicyIndex, type Target, targetKey, targetsOf } from './targets.ts';

/** What is said of a policy with regard to one ancestor (GEP-713, `PolicyAncestorStatus`). */
export interface AncestorReport {
  readonly ref: ParentReference;
  readonly verdicts: readonly Verdict[];
}

/**
 * What is to be said of a policy: for every target the Gateways it leads to, or the target itself when it does not exist.
 * `refused` tells why the policy cannot be enforced, in which case its targets answer 500.
 */
export function policyReports<P extends Policy>(
  policy: P,
  index: PolicyIndex<P>,
  refused: Refusal | undefined,
  resources: Resources,
): readonly AncestorReport[] {
  const reports = new Map<string, AncestorReport>();
  for (const target of targetsOf(policy, resources)) {
    const winner = index.on(target);
    const verdict = verdictOn(target, winner === policy ? undefined : winner, refused, resources);
    for (const ref of ancestorsOf(target, resources)) {
      const key = JSON.stringify(ref);
      if (!reports.has(key) || verdict.status === 'False') reports.set(key, { ref, verdicts: [verdict] });
    }
  }
  return [...reports.values()];
}

function verdictOn(
  target: Target,
  winner: Policy | InvalidPolicy | undefined,
  refused: Refusal | undefined,
  resources: Resources,
): Verdict {
  const found = resources.get(target.kind, target.namespace, target.name);
  const name = `${target.kind} ${target.namespace}/${target.name}`;
  if (found === undefined) return no('TargetNotFound', `${name} does not exist`);
  if (target.sectionName !== undefined && !sectionsOf(found).includes(target.sectionName)) {
    const known = sectionsOf(found).join(', ') || 'none that has a name';
    return no('TargetNotFound', `${name} has no section ${target.sectionName}; it has ${known}`);
  }
  if (winner !== undefined) {
    const { namespace, name: other } = winner.metadata;
    return no('Conflicted', `${winner.kind} ${namespace}/${other} already targets ${targetKey(target)}`);
  }
  if (refused !== undefined)
    return no(refused.reason, `${refused.message}; requests to the targets are answered with 500`);
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The policy is in force' };
}

function no(reason: string, message: string): Verdict {
  return { type: 'Accepted', status: 'False', reason, message };
}

function sectionsOf(object: NonNullable<ReturnType<typeof targetObject>>): readonly string[] {
  if (object.kind === 'Gateway') return object.spec.listeners.map(({ name }) => name);
  return object.spec.rules.flatMap(({ name }) => (name === undefined ? [] : [name]));
}

function targetObject({ kind, namespace, name }: Target, resources: Resources) {
  return resources.get(kind, namespace, name);
}

const GATEWAY = { group: 'gateway.networking.k8s.io', kind: 'Gateway' } as const;

function ancestorsOf(target: Target, resources: Resources): readonly ParentReference[] {
  const { kind, namespace, name, sectionName } = target;
  const section = sectionName === undefined ? {} : { sectionName };
  if (kind === 'Gateway') return [{ ...GATEWAY, namespace, name, ...section }];
  const parents = resources.get('HTTPRoute', namespace, name)?.spec.parentRefs;
  if (parents === undefined) return [{ group: GATEWAY.group, kind, namespace, name, ...section }];
  return parents.map((ref) => ({ ...ref, namespace: ref.namespace ?? namespace }));
}
