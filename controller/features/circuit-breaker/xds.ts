import { enumMembers } from '#proto/load.ts';
import type { CircuitBreakerIr } from '../../ir/cluster-settings.ts';
import type { Init } from '../../xds/build/message.ts';

/** Envoy's circuit breakers (envoy.config.cluster.v3.CircuitBreakers). */
export function circuitBreakers(ir: CircuitBreakerIr): Init<'envoy.config.cluster.v3.CircuitBreakers'> {
  const { maxConnections, maxPendingRequests, maxRequests, maxRetries, maxConnectionsPerEndpoint, retryBudget } = ir;
  const priority = enumMembers('envoy.config.core.v3.RoutingPriority').DEFAULT;
  return {
    thresholds: [
      {
        priority,
        maxRetries,
        ...(maxConnections === undefined ? {} : { maxConnections }),
        ...(maxPendingRequests === undefined ? {} : { maxPendingRequests }),
        ...(maxRequests === undefined ? {} : { maxRequests }),
        ...(retryBudget === undefined
          ? {}
          : {
              retryBudget: {
                budgetPercent: { value: retryBudget.percent },
                minRetryConcurrency: retryBudget.minRetryConcurrency,
              },
            }),
      },
    ],
    perHostThresholds:
      maxConnectionsPerEndpoint === undefined ? [] : [{ priority, maxConnections: maxConnectionsPerEndpoint }],
  };
}
