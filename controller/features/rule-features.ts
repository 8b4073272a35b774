import type { EnvoyExtensionPolicy, SecurityPolicy } from '#controller/api/gen/types.d.ts';
import type { RouteFeaturesIr, RuleFeaturesIr } from '../ir/route.ts';
import { indexPolicies, isInvalid, type Place, policyInForce, type PolicyIndex } from '../policies/targets.ts';
import type { Resources } from '../resources/resources.ts';
import { remembered, rememberedIn } from '../resources/tracked.ts';
import type { Outcome } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import { resolveEnvoyExtensionPolicy } from './envoy-extension-policy/spec.ts';
import { resolveSecurityPolicy } from './security-policy/spec.ts';

type Resolved = Outcome<RouteFeaturesIr, 'Invalid'>;

/** The policies of one kind: by what they target, and what each of them adds or why it cannot be enforced. */
export interface PolicyTable<P extends SecurityPolicy | EnvoyExtensionPolicy> {
  readonly policies: readonly P[];
  readonly index: PolicyIndex<P>;
  readonly resolved: ReadonlyMap<P, Resolved>;
}

/** The policies of every kind; the same object as long as none of them, and nothing they refer to, changes. */
export interface PolicyTables {
  readonly security: PolicyTable<SecurityPolicy>;
  readonly extension: PolicyTable<EnvoyExtensionPolicy>;
}

/** Resolves all policies, each once for as long as nothing it reads has changed. */
export function policyTables(settings: Settings): (resources: Resources) => PolicyTables {
  const security = remembered((policy: SecurityPolicy, now) => resolveSecurityPolicy(policy, now));
  const extension = remembered((policy: EnvoyExtensionPolicy, now) =>
    resolveEnvoyExtensionPolicy(policy, now, settings),
  );
  const tables = rememberedIn(
    (ours: readonly SecurityPolicy[], theirs: readonly EnvoyExtensionPolicy[], now): PolicyTables => ({
      security: {
        policies: ours,
        index: indexPolicies('SecurityPolicy', ours, now),
        resolved: new Map(ours.map((policy) => [policy, security(policy, now)])),
      },
      extension: {
        policies: theirs,
        index: indexPolicies('EnvoyExtensionPolicy', theirs, now),
        resolved: new Map(theirs.map((policy) => [policy, extension(policy, now)])),
      },
    }),
  );
  return (resources) => tables(resources.list('SecurityPolicy'), resources.list('EnvoyExtensionPolicy'), resources);
}

/** What the policies in force at a place add there: the same object as long as they are the same. */
export function featuresAt(place: Place, { security, extension }: PolicyTables): RuleFeaturesIr {
  return together(resolvedAt(place, security), resolvedAt(place, extension));
}

function resolvedAt<P extends SecurityPolicy | EnvoyExtensionPolicy>(
  place: Place,
  { index, resolved }: PolicyTable<P>,
): Resolved {
  if (index.isEmpty) return NOTHING;
  const policy = policyInForce(index, place);
  if (policy === undefined) return NOTHING;
  return isInvalid(policy) ? UNREADABLE : (resolved.get(policy) ?? UNREADABLE);
}

const NOTHING: Resolved = { ok: true, value: {} };
const UNREADABLE: Resolved = { ok: false, refusal: { reason: 'Invalid', message: 'the policy cannot be read' } };
const NO_FEATURES: RuleFeaturesIr = { kind: 'features', features: {} };
const REFUSED: RuleFeaturesIr = { kind: 'refused' };

const combined = new WeakMap<Resolved, WeakMap<Resolved, RuleFeaturesIr>>();

/** What two outcomes add together; the same object for the same outcomes. */
function together(a: Resolved, b: Resolved): RuleFeaturesIr {
  if (a === NOTHING && b === NOTHING) return NO_FEATURES;
  if (!a.ok || !b.ok) return REFUSED;
  const withA = combined.get(a) ?? new WeakMap<Resolved, RuleFeaturesIr>();
  combined.set(a, withA);
  const known = withA.get(b);
  if (known !== undefined) return known;
  const made: RuleFeaturesIr = { kind: 'features', features: { ...a.value, ...b.value } };
  withA.set(b, made);
  return made;
}
