import { type InvalidPolicy, readInvalidPolicy } from '../resources/invalid-policy.ts';
import type { Problem } from './provider.ts';

/** The policies among what could not be read, as far as they can be made out. */
export function readInvalidPolicies(problems: Iterable<Problem>): readonly InvalidPolicy[] {
  return [...problems].flatMap(({ severity, reason, object }) => {
    if (severity !== 'error' || object?.document === undefined) return [];
    const { kind, means = kind, namespace = 'default', name = '', document } = object;
    const policy = readInvalidPolicy(means, namespace, name, document);
    if (policy === undefined) return [];
    return reason === 'duplicate' ? { ...policy, isDuplicate: true } : policy;
  });
}
