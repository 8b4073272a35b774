import type { RouteFeaturesIr } from '../ir/route.ts';
import type { Outcome, Refusal } from '../resources/verdict.ts';

/** What a policy comes to: what it adds to the routes it is about, or why nothing of it is in force. */
export type PolicyOutcome =
  | { readonly kind: 'features'; readonly features: RouteFeaturesIr }
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      /** Whether requests pass all the same, since nothing in the policy would stop one; else they are answered with 500. */
      readonly open: boolean;
    };

/** The outcome of a policy that closes what it targets when it cannot be enforced. */
export function closing(outcome: Outcome<RouteFeaturesIr>): PolicyOutcome {
  if (outcome.ok) return { kind: 'features', features: outcome.value };
  return { kind: 'refused', refusal: outcome.refusal, open: false };
}
