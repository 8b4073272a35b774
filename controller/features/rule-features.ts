import type {
  BackendTrafficPolicy,
  ClientTrafficPolicy,
  EnvoyExtensionPolicy,
  SecurityPolicy,
} from '#controller/api/gen/types.d.ts';
import type { RuleFeaturesIr } from '../ir/route.ts';
import type { Place } from '../policies/policy-index.ts';
import type { Resources } from '../resources/resources.ts';
import type { Settings } from '../settings.ts';
import { resolveBackendTrafficPolicy } from './backend-traffic-policy/spec.ts';
import { resolveClientTrafficPolicy } from './client-traffic-policy/spec.ts';
import { resolveEnvoyExtensionPolicy } from './envoy-extension-policy/spec.ts';
import { closing, closingInParts, type PolicyOutcome } from './policy-outcome.ts';
import { outcomeAt, type PolicyTable, policyTable } from './policy-table.ts';
import { resolveSecurityPolicy } from './security-policy/spec.ts';

/** The policies of every kind; the same object as long as none of them, and nothing they refer to, changes. */
export interface PolicyTables {
  readonly security: PolicyTable<SecurityPolicy>;
  readonly extension: PolicyTable<EnvoyExtensionPolicy>;
  readonly traffic: PolicyTable<BackendTrafficPolicy>;
  readonly clients: PolicyTable<ClientTrafficPolicy>;
}

/** Resolves all policies, each once for as long as nothing it reads has changed. */
export function policyTables(settings: Settings): (resources: Resources) => PolicyTables {
  const security = policyTable<SecurityPolicy>('SecurityPolicy', (policy, now) =>
    closing(resolveSecurityPolicy(policy, now, settings), now),
  );
  const extension = policyTable<EnvoyExtensionPolicy>('EnvoyExtensionPolicy', (policy, now) =>
    closingInParts(resolveEnvoyExtensionPolicy(policy, now, settings), now),
  );
  const traffic = policyTable<BackendTrafficPolicy>('BackendTrafficPolicy', resolveBackendTrafficPolicy);
  const clients = policyTable<ClientTrafficPolicy>('ClientTrafficPolicy', resolveClientTrafficPolicy);
  let last: PolicyTables | undefined;
  return (resources) => {
    const tables: PolicyTables = {
      security: security(resources.list('SecurityPolicy'), resources),
      extension: extension(resources.list('EnvoyExtensionPolicy'), resources),
      traffic: traffic(resources.list('BackendTrafficPolicy'), resources),
      clients: clients(resources.list('ClientTrafficPolicy'), resources),
    };
    const isSame =
      last?.security === tables.security &&
      last.extension === tables.extension &&
      last.traffic === tables.traffic &&
      last.clients === tables.clients;
    last = isSame && last !== undefined ? last : tables;
    return last;
  };
}

/** What the policies in force at a place add there: the same object as long as they are the same. */
export function featuresAt(place: Place, { security, extension, traffic, clients }: PolicyTables): RuleFeaturesIr {
  return together([
    outcomeAt(place, security),
    outcomeAt(place, extension),
    outcomeAt(place, traffic),
    outcomeAt(place, clients),
  ]);
}

const REFUSED: RuleFeaturesIr = { kind: 'refused' };

/** What outcomes add together, by one outcome after the other. */
interface Combination {
  readonly made: RuleFeaturesIr;
  readonly with: WeakMap<PolicyOutcome, Combination>;
}

const NOTHING: Combination = { made: { kind: 'features', features: {} }, with: new WeakMap() };

/** The same object for the same outcomes. */
function together(outcomes: readonly (PolicyOutcome | undefined)[]): RuleFeaturesIr {
  let all = NOTHING;
  for (const outcome of outcomes) {
    if (outcome === undefined) continue;
    const known = all.with.get(outcome);
    const next = known ?? { made: added(all.made, outcome), with: new WeakMap() };
    if (known === undefined) all.with.set(outcome, next);
    all = next;
  }
  return all.made;
}

function added(before: RuleFeaturesIr, outcome: PolicyOutcome): RuleFeaturesIr {
  if (before.kind === 'refused') return before;
  if (outcome.kind === 'refused') return outcome.open ? before : REFUSED;
  return { kind: 'features', features: { ...before.features, ...outcome.features } };
}
