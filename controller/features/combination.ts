import type { RouteFeaturesIr, RuleFeaturesIr, SharedPolicyIr } from '../ir/route.ts';
import type { PolicyOutcome } from './policy-outcome.ts';

/** What outcomes add together, by one outcome after the other: the same object for the same outcomes. */
export interface Combination {
  readonly made: RuleFeaturesIr;
  readonly with: WeakMap<PolicyOutcome, Combination>;
  readonly shared: Map<string, SharedPolicyIr>;
}

const NOTHING: Combination = { made: { kind: 'features', features: {} }, with: new WeakMap(), shared: new Map() };

/** What outcomes come to together: one that closes its targets closes them for all. */
export function combined(outcomes: readonly (PolicyOutcome | undefined)[]): Combination {
  let all = NOTHING;
  for (const outcome of outcomes) {
    if (outcome === undefined) continue;
    const known = all.with.get(outcome);
    const next = known ?? { made: added(all.made, outcome), with: new WeakMap(), shared: new Map() };
    if (known === undefined) all.with.set(outcome, next);
    all = next;
  }
  return all;
}

const REFUSED: RuleFeaturesIr = { kind: 'refused' };

function added(before: RuleFeaturesIr, outcome: PolicyOutcome): RuleFeaturesIr {
  if (before.kind === 'refused') return before;
  if (outcome.kind === 'refused') return outcome.open ? before : REFUSED;
  return { kind: 'features', features: { ...before.features, ...outcome.features } };
}

/** What outcomes of Gateways and listeners let the `policy` module decide together; `place` says of which. */
export function sharedBy(outcomes: readonly PolicyOutcome[], place: string): SharedPolicyIr | undefined {
  const { made, shared } = combined(outcomes);
  if (made.kind === 'refused') return undefined;
  const known = shared.get(place) ?? { place, features: ofModule(made.features) };
  shared.set(place, known);
  return known;
}

const named = new WeakMap<RuleFeaturesIr, WeakMap<SharedPolicyIr, RuleFeaturesIr>>();

/** Features whose part for the `policy` module is shared: the same object for the same input. */
export function sharing(features: RuleFeaturesIr, shared: SharedPolicyIr): RuleFeaturesIr {
  if (features.kind === 'refused') return features;
  const ofFeatures = named.get(features) ?? new WeakMap<SharedPolicyIr, RuleFeaturesIr>();
  named.set(features, ofFeatures);
  const known = ofFeatures.get(shared) ?? { kind: 'features', features: { ...features.features, shared } };
  ofFeatures.set(shared, known);
  return known;
}

/** Who does what a feature says. What is of the `policy` module must say so here, or a Gateway's policy would lack it. */
const DOER: { readonly [F in keyof Required<RouteFeaturesIr>]: 'module' | 'label' | 'envoy' } = {
  source: 'label',
  jwt: 'module',
  oidc: 'module',
  authorization: 'module',
  rateLimit: 'module',
  headerRewrite: 'module',
  cors: 'envoy',
  csrf: 'envoy',
  backend: 'envoy',
  hashes: 'envoy',
  timeouts: 'envoy',
  retry: 'envoy',
  session: 'envoy',
  externalAuth: 'envoy',
  extAuth: 'envoy',
  basicAuth: 'envoy',
  apiKeyAuth: 'envoy',
  credential: 'envoy',
  grpcWeb: 'envoy',
  fault: 'envoy',
  requestBuffer: 'envoy',
  compressors: 'envoy',
  responseOverrides: 'envoy',
  bandwidth: 'envoy',
  upgrades: 'envoy',
  statName: 'envoy',
  extProc: 'envoy',
  wasm: 'envoy',
  shared: 'label',
};

const OF_MODULE = Object.entries(DOER).flatMap(([name, doer]) => (doer === 'module' ? [name] : []));

/** Whether the `policy` module has something to decide. */
export function isForModule(features: RouteFeaturesIr): boolean {
  return OF_MODULE.some((name) => name in features);
}

function ofModule(features: RouteFeaturesIr): RouteFeaturesIr {
  const found = { ...features };
  for (const [name, doer] of Object.entries(DOER)) if (doer === 'envoy') Reflect.deleteProperty(found, name);
  return found;
}
