import type {
  BackendTrafficPolicy,
  ClientTrafficPolicy,
  EnvoyExtensionPolicy,
  SecurityPolicy,
} from '#controller/api/gen/types.d.ts';
import type { RouteFeaturesIr, RuleFeaturesIr } from '../ir/route.ts';
import {
  indexPolicies,
  isInvalid,
  type Place,
  type Policy,
  policyInForce,
  type PolicyIndex,
} from '../policies/targets.ts';
import type { Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import type { Outcome } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import { resolveEnvoyExtensionPolicy } from './envoy-extension-policy/spec.ts';
import { resolveSecurityPolicy } from './security-policy/spec.ts';

type Resolved = Outcome<RouteFeaturesIr, 'Invalid'>;

/** The policies of one kind: by what they target, and what each of them adds or why it cannot be enforced. */
export interface PolicyTable<P extends Policy> {
  readonly policies: readonly P[];
  readonly index: PolicyIndex<P>;
  readonly resolved: ReadonlyMap<P, Resolved>;
}

/** The policies of every kind; the same object as long as none of them, and nothing they refer to, changes. */
export interface PolicyTables {
  readonly security: PolicyTable<SecurityPolicy>;
  readonly extension: PolicyTable<EnvoyExtensionPolicy>;
  /** Kinds that add nothing yet; one that would stop requests makes its targets answer 500. */
  readonly traffic: PolicyTable<BackendTrafficPolicy>;
  readonly clients: PolicyTable<ClientTrafficPolicy>;
}

/** Resolves all policies, each once for as long as nothing it reads has changed. */
export function policyTables(settings: Settings): (resources: Resources) => PolicyTables {
  const security = remembered((policy: SecurityPolicy, now) => resolveSecurityPolicy(policy, now));
  const extension = remembered((policy: EnvoyExtensionPolicy, now) =>
    resolveEnvoyExtensionPolicy(policy, now, settings),
  );
  const securityTable = remembered((list: readonly SecurityPolicy[], now) =>
    tableOf('SecurityPolicy', list, (policy) => security(policy, now), now),
  );
  const extensionTable = remembered((list: readonly EnvoyExtensionPolicy[], now) =>
    tableOf('EnvoyExtensionPolicy', list, (policy) => extension(policy, now), now),
  );
  const trafficTable = remembered((list: readonly BackendTrafficPolicy[], now) =>
    tableOf('BackendTrafficPolicy', list, ({ spec }) => closedBy('rateLimit', spec.rateLimit), now),
  );
  const clientsTable = remembered((list: readonly ClientTrafficPolicy[], now) =>
    tableOf(
      'ClientTrafficPolicy',
      list,
      ({ spec }) => closedBy('tls.clientValidation', spec.tls?.clientValidation),
      now,
    ),
  );
  let last: PolicyTables | undefined;
  return (resources) => {
    const tables: PolicyTables = {
      security: securityTable(resources.list('SecurityPolicy'), resources),
      extension: extensionTable(resources.list('EnvoyExtensionPolicy'), resources),
      traffic: trafficTable(resources.list('BackendTrafficPolicy'), resources),
      clients: clientsTable(resources.list('ClientTrafficPolicy'), resources),
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

function tableOf<P extends Policy>(
  kind: P['kind'],
  policies: readonly P[],
  resolve: (policy: P) => Resolved,
  resources: Resources,
): PolicyTable<P> {
  return {
    policies,
    index: indexPolicies(kind, policies, resources),
    resolved: new Map(policies.map((policy) => [policy, resolve(policy)])),
  };
}

/** A field that stops requests, and that this version does not implement, closes what it was to guard. */
function closedBy(field: string, value: unknown): Resolved {
  if (value === undefined) return NOTHING;
  return { ok: false, refusal: { reason: 'Invalid', message: `spec.${field} is not implemented in this version` } };
}

/** What the policies in force at a place add there: the same object as long as they are the same. */
export function featuresAt(place: Place, { security, extension, traffic, clients }: PolicyTables): RuleFeaturesIr {
  if (!resolvedAt(place, traffic).ok || !resolvedAt(place, clients).ok) return REFUSED;
  return together(resolvedAt(place, security), resolvedAt(place, extension));
}

function resolvedAt<P extends Policy>(place: Place, { index, resolved }: PolicyTable<P>): Resolved {
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
