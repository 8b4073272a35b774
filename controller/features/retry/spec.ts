import type { Retry } from '#controller/api/gen/types.d.ts';
import type { RetryIr } from '../../ir/traffic.ts';
import { milliseconds } from '../../resources/duration.ts';
import type { Problems } from '../../resources/problems.ts';

/** Translates `retry` of a policy. */
export function translateRetry(
  { numRetries, numAttemptsPerPriority, retryOn, perRetry }: Retry,
  problems: Problems,
): RetryIr {
  const [triggers, codes] = [retryOn?.triggers, retryOn?.httpStatusCodes];
  const saysWhen = triggers !== undefined || codes !== undefined;
  return {
    numRetries: problems.within(numRetries, 'retry.numRetries', 0),
    triggers: triggers?.length === 0 ? undefined : triggers,
    statusCodes: saysWhen ? [...new Set(codes)] : undefined,
    attemptsPerPriority: problems.within(numAttemptsPerPriority, 'retry.numAttemptsPerPriority', 0, 2_147_483_647),
    perTryTimeout: milliseconds(perRetry?.timeout),
    backOff: backOff(perRetry, problems),
  };
}

function backOff(perRetry: Retry['perRetry'], problems: Problems): RetryIr['backOff'] {
  const [base, max] = [milliseconds(perRetry?.backOff?.baseInterval), milliseconds(perRetry?.backOff?.maxInterval)];
  if (base === undefined && max === undefined) return undefined;
  if (base === 0) problems.add('retry.perRetry.backOff.baseInterval', 'found 0s, accepted is more than that');
  if (max === 0) problems.add('retry.perRetry.backOff.maxInterval', 'found 0s, accepted is more than that');
  if (base !== undefined && max !== undefined && max < base) {
    problems.add(
      'retry.perRetry.backOff.maxInterval',
      `found ${max}ms, accepted is no less than baseInterval (${base}ms)`,
    );
  }
  // Envoy wants a base with every maximum; its own is 25 ms.
  return { base: base ?? Math.min(25, max ?? 25), max };
}
