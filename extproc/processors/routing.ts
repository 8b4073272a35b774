import { status } from '@grpc/grpc-js';
import type { Processor } from '../processor/define-processor.ts';
import { metadataValue, type Select } from '../stream/selection.ts';
import { policyOf } from './policy-reference.ts';

/** The processors of a host. */
export interface ProcessorTable {
  /** By "<namespace>/<name>/<index>" or "<namespace>/<name>". */
  readonly byPolicy: ReadonlyMap<string, Processor>;
  /** For every other policy, and for streams that name none. */
  readonly fallback: Processor | undefined;
}

/** The key of the initial metadata in which Envoy states "<namespace>/<name>/<index>". */
export const POLICY_KEY = 'sluice-policy';

/**
 * Chooses the processor of the policy that `sluice-policy` names: that of its index, else of the whole policy, else the
 * default. Without any the stream fails.
 */
export function selectProcessor({ byPolicy, fallback }: ProcessorTable): Select {
  return (metadata) => {
    const named = metadataValue(metadata, POLICY_KEY);
    if (named.kind === 'several') {
      return { kind: 'refused', code: status.INVALID_ARGUMENT, details: `${POLICY_KEY} comes more than once` };
    }
    const policy = named.kind === 'one' ? named.value : undefined;
    const processor = policy === undefined ? fallback : (find(byPolicy, policy) ?? fallback);
    if (processor !== undefined) return { kind: 'selected', processor, policy };
    const details =
      policy === undefined
        ? `the initial metadata has no ${POLICY_KEY}, and processors.yaml has no entry without a policy`
        : `processors.yaml has no entry for policy ${policy}, and none without a policy`;
    return { kind: 'refused', code: status.FAILED_PRECONDITION, details };
  };
}

function find(byPolicy: ReadonlyMap<string, Processor>, policy: string): Processor | undefined {
  const whole = policyOf(policy);
  return byPolicy.get(policy) ?? (whole === undefined ? undefined : byPolicy.get(whole));
}
