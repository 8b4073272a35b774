import type {
  BackendTrafficPolicy,
  ClientTrafficPolicy,
  EnvoyExtensionPolicy,
  SecurityPolicy,
} from '#controller/api/gen/types.d.ts';
import type { ClientTrafficIr } from '../ir/client-traffic.ts';
import { once } from '../ir/once.ts';
import type { RuleFeaturesIr, SharedPolicyIr } from '../ir/route.ts';
import { gatewayInForce, gatewayPolicy, type Place } from '../policies/policy-index.ts';
import { isInvalid, type Policy, type PolicyKind } from '../policies/targets.ts';
import type { Resources } from '../resources/resources.ts';
import type { Settings } from '../settings.ts';
import { resolveBackendTrafficPolicy } from './backend-traffic-policy/spec.ts';
import { onSelectedRoutes, resolveClientTrafficPolicy } from './client-traffic-policy/spec.ts';
import { combined, isForModule, sharedBy, sharing } from './combination.ts';
import { resolveEnvoyExtensionPolicy } from './envoy-extension-policy/spec.ts';
import { closing, closingInParts, type PolicyOutcome } from './policy-outcome.ts';
import { type PolicyChanges, policyChanges } from './policy-changes.ts';
import { outcomeAt, type PolicyTable, policyTable } from './policy-table.ts';
import { hiddenLimits } from './rate-limit/headers.ts';
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
  const traffic = policyTable<BackendTrafficPolicy>('BackendTrafficPolicy', (policy, now) =>
    resolveBackendTrafficPolicy(policy, now, settings),
  );
  const clients = policyTable<ClientTrafficPolicy>(
    'ClientTrafficPolicy',
    (policy, now) => resolveClientTrafficPolicy(policy, now, settings),
    onSelectedRoutes,
  );
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

const changesOfTables = new WeakMap<
  PolicyTables,
  WeakMap<PolicyTables, { readonly changes: PolicyChanges | undefined }>
>();

/** Where policies say something else than `before`; `undefined` for anywhere. */
export function changesSince(before: PolicyTables, tables: PolicyTables): PolicyChanges | undefined {
  const known =
    changesOfTables.get(tables) ?? new WeakMap<PolicyTables, { readonly changes: PolicyChanges | undefined }>();
  changesOfTables.set(tables, known);
  const found = known.get(before) ?? {
    changes: policyChanges([
      { before: before.security, now: tables.security },
      { before: before.extension, now: tables.extension },
      { before: before.traffic, now: tables.traffic },
      { before: before.clients, now: tables.clients },
    ]),
  };
  known.set(before, found);
  return found.changes;
}

/**
 * What the policies in force at a place add there: the same object as long as they are the same. Where all that the `policy`
 * module decides comes from the Gateway, it names what is shared there.
 */
export function featuresAt(place: Place, tables: PolicyTables): RuleFeaturesIr {
  const kinds = kindsOf(tables);
  const outcomes = kinds.map(({ outcomeOf }) => outcomeOf(place));
  const { made } = combined(outcomes);
  if (made.kind === 'refused' || !isForModule(made.features)) return made;
  const parts: SharedPart[] = [];
  for (const [index, { kind, gatewayOf }] of kinds.entries()) {
    const outcome = outcomes[index];
    if (outcome?.kind !== 'features' || !isForModule(outcome.features)) continue;
    const gateway = gatewayOf(place);
    if (gateway === undefined) return made;
    parts.push({ place: `${kind} ${gateway}`, outcome });
  }
  const shared = sharedOf(parts);
  return shared === undefined ? made : sharing(made, shared);
}

interface SharedPart {
  /** "<kind of policy> <Gateway or listener>", and what a listener changes in it. */
  readonly place: string;
  readonly outcome: PolicyOutcome;
}

function sharedOf(parts: readonly SharedPart[]): SharedPolicyIr | undefined {
  const place = parts.map((part) => part.place).join(', ');
  return sharedBy(
    parts.map(({ outcome }) => outcome),
    place,
  );
}

/**
 * All that routes of a listener may share: what each policy of it or its Gateway lets the `policy` module decide, alone and
 * with the others, since a route may have one of its own of either kind.
 */
export function sharedAt(listener: Place['gateway'], tables: PolicyTables): readonly SharedPolicyIr[] {
  const place: Place = {
    gateway: listener,
    route: { kind: 'HTTPRoute', namespace: '', name: '', rule: undefined },
  };
  const parts = kindsOf(tables).flatMap(({ kind, outcomeOf, gatewayOf }): SharedPart[] => {
    const [outcome, gateway] = [outcomeOf(place), gatewayOf(place)];
    if (outcome?.kind !== 'features' || gateway === undefined || !isForModule(outcome.features)) return [];
    return [{ place: `${kind} ${gateway}`, outcome }];
  });
  const subsets = parts.reduce<readonly (readonly SharedPart[])[]>(
    (found, part) => [...found, ...found.map((subset) => [...subset, part])],
    [[]],
  );
  return subsets.flatMap((subset) => (subset.length === 0 ? [] : (sharedOf(subset) ?? [])));
}

interface PoliciesOfKind {
  readonly kind: PolicyKind;
  readonly outcomeOf: (place: Place) => PolicyOutcome | undefined;
  readonly gatewayOf: (place: Place) => string | undefined;
}

const kindsOf = once((tables: PolicyTables): readonly PoliciesOfKind[] => [
  ofKind('SecurityPolicy', tables.security),
  ofKind('EnvoyExtensionPolicy', tables.extension),
  ofTraffic(tables),
  ofKind('ClientTrafficPolicy', tables.clients),
]);

/** Policies of traffic; the listener has a say in what clients are told of their limits. */
function ofTraffic(tables: PolicyTables): PoliciesOfKind {
  const { kind, outcomeOf, gatewayOf } = ofKind('BackendTrafficPolicy', tables.traffic);
  const hides = ({ gateway }: Place): boolean => clientAt(gateway, tables)?.http.hidesRateLimits === true;
  return {
    kind,
    outcomeOf: (place) => {
      const outcome = outcomeOf(place);
      const isTold = outcome?.kind !== 'features' || outcome.features.rateLimit === undefined || !hides(place);
      return isTold ? outcome : withHiddenLimits(outcome);
    },
    // What is shared with listeners that tell of limits is another policy.
    gatewayOf: (place) => {
      const gateway = gatewayOf(place);
      return gateway === undefined || !hides(place) ? gateway : `${gateway} without headers of limits`;
    },
  };
}

type Features = Extract<PolicyOutcome, { readonly kind: 'features' }>;

const withHiddenLimits = once((outcome: Features): Features => {
  const { rateLimit, ...others } = outcome.features;
  return rateLimit === undefined
    ? outcome
    : { ...outcome, features: { ...others, rateLimit: hiddenLimits(rateLimit) } };
});

function ofKind<P extends Policy>(kind: P['kind'], table: PolicyTable<P>): PoliciesOfKind {
  return {
    kind,
    outcomeOf: (place) => outcomeAt(place, table),
    gatewayOf: (place) => gatewayInForce(table.index, place),
  };
}

/** What the ClientTrafficPolicy in force on a listener says, if one is. */
export function clientAt(gateway: Place['gateway'], { clients }: PolicyTables): ClientTrafficIr | undefined {
  const policy = gatewayPolicy(clients.index, gateway);
  const outcome = policy === undefined || isInvalid(policy) ? undefined : clients.outcomes.get(policy);
  return outcome?.kind === 'features' ? outcome.client : undefined;
}
