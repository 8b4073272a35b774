import type { BackendTrafficPolicy } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import type { PolicyOutcome } from '../policy-outcome.ts';

/**
 * What a BackendTrafficPolicy adds to a route. One that is not implemented in every part adds nothing, and closes its targets
 * when a part of it would stop requests.
 */
export function resolveBackendTrafficPolicy(policy: BackendTrafficPolicy, _resources: Resources): PolicyOutcome {
  const { spec } = policy;
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return { kind: 'refused', refusal: missing, open: spec.rateLimit === undefined };
  return { kind: 'features', features: {} };
}
