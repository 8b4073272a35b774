import type { ClientTrafficIr } from '../ir/client-traffic.ts';
import type { RouteFeaturesIr } from '../ir/route.ts';
import type { Resources } from '../resources/resources.ts';
import { wantsAsked } from '../resources/tracked.ts';
import type { Outcome, Refusal } from '../resources/verdict.ts';

/** What a policy comes to: what it adds to the routes it is about, or why nothing of it is in force. */
export type PolicyOutcome =
  | {
      readonly kind: 'features';
      readonly features: RouteFeaturesIr;
      /** What it says of listeners' clients: a ClientTrafficPolicy alone does. */
      readonly client?: ClientTrafficIr;
      /** What could not be fetched again, so that its last good answer is in force. */
      readonly stale?: string;
      /** Why a part of the policy is not in force yet, while the others are. */
      readonly unready?: Refusal;
    }
  | RefusedOutcome;

/** Why nothing of a policy is in force. */
export interface RefusedOutcome {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  /** Whether requests pass all the same, since nothing in the policy would stop one; else they are answered with 500. */
  readonly open: boolean;
}

/** The outcome of a policy that closes what it targets when it cannot be enforced; `resources` are those it was resolved in. */
export function closing(outcome: Outcome<RouteFeaturesIr>, resources: Resources): PolicyOutcome {
  if (outcome.ok) return { kind: 'features', features: outcome.value, ...staleIn(resources) };
  return { kind: 'refused', refusal: outcome.refusal, open: false };
}

/** The same for a policy of which parts may be missing while the others are in force. */
export function closingInParts(
  outcome: Outcome<{ readonly features: RouteFeaturesIr; readonly unready: Refusal | undefined }>,
  resources: Resources,
): PolicyOutcome {
  if (!outcome.ok) return { kind: 'refused', refusal: outcome.refusal, open: false };
  const { features, unready } = outcome.value;
  return { kind: 'features', features, ...staleIn(resources), ...(unready === undefined ? {} : { unready }) };
}

function staleIn(resources: Resources): { readonly stale?: string } {
  const failures = wantsAsked(resources).flatMap((want) =>
    // A module that was never had is told of by whoever wants it.
    want.kind === 'Module' && resources.module(want) === undefined ? [] : (resources.failure(want) ?? []),
  );
  return failures.length === 0 ? {} : { stale: failures.join('; ') };
}
