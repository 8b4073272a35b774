import { type InvalidPolicy, readInvalidPolicy } from '../resources/invalid-policy.ts';
import type { Problem } from './provider.ts';

/** The policies among what could not be read, as far as they can be made out. */
export function readInvalidPolicies(problems: Iterable<Problem>): readonly InvalidPolicy[] {
  return [...problems].flatMap(({ severity, reason, object }) => {
    if (severity !== 'error' || reason === 'duplicate' || object?.document === undefined) return [];
    const policy = readInvalidPolicy(object.kind, object.namespace ?? 'default', object.name ?? '', object.document);
    return policy === undefined ? [] : [policy];
  });
}
