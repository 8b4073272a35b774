import type { RetryIr } from '../../ir/traffic.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';

/** What is tried again when nobody says what (Envoy Gateway's default). */
const TRIGGERS = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'] as const;

/** Envoy's retries, each on another host if there is one (envoy.config.route.v3.RetryPolicy). */
export function retryPolicy(ir: RetryIr): Init<'envoy.config.route.v3.RetryPolicy'> {
  const { attemptsPerPriority = 0, perTryTimeout, backOff } = ir;
  return {
    retryOn: (ir.triggers ?? TRIGGERS).join(','),
    retriableStatusCodes: [...(ir.statusCodes ?? [503])],
    numRetries: ir.numRetries ?? 2,
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        configType: {
          case: 'typedConfig',
          value: any('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
        },
      },
    ],
    hostSelectionRetryMaxAttempts: 5n,
    ...(attemptsPerPriority === 0
      ? {}
      : {
          retryPriority: {
            name: 'envoy.retry_priorities.previous_priorities',
            configType: {
              case: 'typedConfig',
              value: any('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
                updateFrequency: attemptsPerPriority,
              }),
            },
          },
        }),
    ...(perTryTimeout === undefined ? {} : { perTryTimeout: duration(perTryTimeout) }),
    ...(backOff === undefined
      ? {}
      : {
          retryBackOff: {
            ...(backOff.base === undefined ? {} : { baseInterval: duration(backOff.base) }),
            ...(backOff.max === undefined ? {} : { maxInterval: duration(backOff.max) }),
          },
        }),
  };
}
