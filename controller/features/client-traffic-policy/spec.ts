import type { ClientTrafficPolicy } from '#controller/api/gen/types.d.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import type { PolicyOutcome } from '../policy-outcome.ts';

/** What a ClientTrafficPolicy adds to a route: nothing yet; one that would stop clients closes its targets. */
export function resolveClientTrafficPolicy(policy: ClientTrafficPolicy): PolicyOutcome {
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing === undefined) return { kind: 'features', features: {} };
  return { kind: 'refused', refusal: missing, open: policy.spec.tls?.clientValidation === undefined };
}
