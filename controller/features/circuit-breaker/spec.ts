import type { CircuitBreaker } from '#controller/api/gen/types.d.ts';
import type { CircuitBreakerIr } from '../../ir/cluster-settings.ts';
import type { Problems } from '../../resources/problems.ts';

/** Translates `circuitBreaker` of a policy. */
export function translateCircuitBreaker(spec: CircuitBreaker, problems: Problems): CircuitBreakerIr {
  return {
    maxConnections: spec.maxConnections,
    maxPendingRequests: spec.maxPendingRequests,
    maxRequests: spec.maxParallelRequests,
    maxRetries: spec.maxParallelRetries,
    maxConnectionsPerEndpoint: spec.perEndpoint?.maxConnections,
    maxRequestsPerConnection: spec.maxRequestsPerConnection,
    retryBudget: spec.retryBudget === undefined ? undefined : budget(spec.retryBudget, problems),
  };
}

function budget(
  { percent: { numerator, denominator }, minRetryConcurrency = 3 }: NonNullable<CircuitBreaker['retryBudget']>,
  problems: Problems,
): NonNullable<CircuitBreakerIr['retryBudget']> {
  const percent = (numerator / denominator) * 100;
  if (percent > 100) problems.add('circuitBreaker.retryBudget.percent', `found ${percent}%, accepted is at most 100%`);
  const concurrency = problems.within(minRetryConcurrency, 'circuitBreaker.retryBudget.minRetryConcurrency', 0);
  return { percent, minRetryConcurrency: concurrency ?? 3 };
}
