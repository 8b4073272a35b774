import type { EnvoyExtensionPolicy, SecurityPolicy } from '#controller/api/gen/types.d.ts';
import type { RouteFeaturesIr, RuleFeaturesIr } from '../ir/route.ts';
import { indexPolicies, isInvalid, type Place, policyInForce, type PolicyIndex } from '../policies/targets.ts';
import type { Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import type { Outcome, Refusal } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import { resolveEnvoyExtensionPolicy } from './envoy-extension-policy/spec.ts';
import { resolveSecurityPolicy } from './security-policy/spec.ts';

type Resolved = Outcome<RouteFeaturesIr, 'Invalid'>;

/** The policies of every kind, ready to be asked what they add to a rule. */
export interface PolicyTables {
  readonly security: PolicyIndex<SecurityPolicy>;
  readonly extension: PolicyIndex<EnvoyExtensionPolicy>;
}

/** Resolves policies, each once for as long as nothing it reads has changed. */
export interface PolicyResolver {
  tables(resources: Resources): PolicyTables;
  /** What the policies in force at a place add there: the same object as long as they are the same. */
  featuresAt(place: Place, tables: PolicyTables, resources: Resources): RuleFeaturesIr;
  /** Why a policy cannot be enforced, or `undefined` when it can. */
  refusalOf(policy: SecurityPolicy | EnvoyExtensionPolicy, resources: Resources): Refusal | undefined;
}

/** A resolver of its own memory. */
export function policyResolver(settings: Settings): PolicyResolver {
  const indexSecurity = remembered((list: readonly SecurityPolicy[], now) =>
    indexPolicies('SecurityPolicy', list, now),
  );
  const indexExtension = remembered((list: readonly EnvoyExtensionPolicy[], now) =>
    indexPolicies('EnvoyExtensionPolicy', list, now),
  );
  const security = remembered((policy: SecurityPolicy, now) => resolveSecurityPolicy(policy, now));
  const extension = remembered((policy: EnvoyExtensionPolicy, now) =>
    resolveEnvoyExtensionPolicy(policy, now, settings),
  );
  return {
    tables: (resources) => ({
      security: indexSecurity(resources.list('SecurityPolicy'), resources),
      extension: indexExtension(resources.list('EnvoyExtensionPolicy'), resources),
    }),
    featuresAt(place, tables, resources) {
      const securityPolicy = policyInForce(tables.security, place);
      const extensionPolicy = policyInForce(tables.extension, place);
      if (securityPolicy !== undefined && isInvalid(securityPolicy)) return REFUSED;
      if (extensionPolicy !== undefined && isInvalid(extensionPolicy)) return REFUSED;
      return together(
        securityPolicy === undefined ? NOTHING : security(securityPolicy, resources),
        extensionPolicy === undefined ? NOTHING : extension(extensionPolicy, resources),
      );
    },
    refusalOf(policy, resources) {
      const resolved = policy.kind === 'SecurityPolicy' ? security(policy, resources) : extension(policy, resources);
      return resolved.ok ? undefined : resolved.refusal;
    },
  };
}

const NOTHING: Resolved = { ok: true, value: {} };
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
