import { enumMembers } from '#proto/load.ts';
import type { ActiveHealthCheckIr, HealthCheckLogIr, OutlierDetectionIr, ProbeIr } from '../../ir/cluster-settings.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';

type HealthCheck = Init<'envoy.config.core.v3.HealthCheck'>;

/** Envoy's probes of endpoints (envoy.config.core.v3.HealthCheck). */
export function activeHealthCheck(ir: ActiveHealthCheckIr): HealthCheck {
  return {
    timeout: duration(ir.timeout),
    interval: duration(ir.interval),
    ...(ir.initialJitter === undefined ? {} : { initialJitter: duration(ir.initialJitter) }),
    unhealthyThreshold: ir.unhealthyThreshold,
    healthyThreshold: ir.healthyThreshold,
    healthChecker: healthChecker(ir.probe),
    ...(ir.log === undefined ? {} : eventLog(ir.log)),
  };
}

function healthChecker(ir: ProbeIr): NonNullable<HealthCheck['healthChecker']> {
  switch (ir.kind) {
    case 'http':
      return {
        case: 'httpHealthCheck',
        value: {
          host: ir.host ?? '',
          path: ir.path,
          method: METHOD[ir.method],
          expectedStatuses: ranges(ir.expectedStatuses),
          retriableStatuses: ranges(ir.retriableStatuses),
          ...(ir.send === undefined ? {} : { send: text(ir.send) }),
          receive: ir.receive === undefined ? [] : [text(ir.receive)],
        },
      };
    case 'tcp':
      return {
        case: 'tcpHealthCheck',
        value: {
          ...(ir.send === undefined ? {} : { send: text(ir.send) }),
          receive: ir.receive === undefined ? [] : [text(ir.receive)],
        },
      };
    case 'grpc':
      return { case: 'grpcHealthCheck', value: { serviceName: ir.service } };
    default:
      return ir satisfies never;
  }
}

const METHOD = enumMembers('envoy.config.core.v3.RequestMethod');

function text(hexadecimal: string): Init<'envoy.config.core.v3.HealthCheck.Payload'> {
  return { payload: { case: 'text', value: hexadecimal } };
}

/** Statuses as ranges, the end not included; in ascending order. */
function ranges(statuses: readonly number[]): { start: bigint; end: bigint }[] {
  const found: { start: bigint; end: bigint }[] = [];
  for (const status of statuses.map(BigInt)) {
    const last = found.at(-1);
    if (last?.end === status) last.end = status + 1n;
    else found.push({ start: status, end: status + 1n });
  }
  return found;
}

function eventLog({ allFailures, allSuccesses, file }: HealthCheckLogIr): HealthCheck {
  return {
    alwaysLogHealthCheckFailures: allFailures,
    alwaysLogHealthCheckSuccess: allSuccesses,
    eventLogger:
      file === undefined
        ? []
        : [
            {
              name: 'envoy.health_check.event_sinks.file',
              typedConfig: any('envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink', {
                eventLogPath: file,
              }),
            },
          ],
  };
}

/** How endpoints that answer badly are left out (envoy.config.cluster.v3.OutlierDetection). */
export function outlierDetection(ir: OutlierDetectionIr): Init<'envoy.config.cluster.v3.OutlierDetection'> {
  const { consecutiveGatewayErrors: gateway, failurePercentageThreshold: percentage } = ir;
  return {
    interval: duration(ir.interval),
    baseEjectionTime: duration(ir.baseEjectionTime),
    splitExternalLocalOriginErrors: ir.splitErrors,
    consecutiveLocalOriginFailure: ir.consecutiveLocalOriginFailures,
    consecutive5xx: ir.consecutive5xx,
    ...(ir.maxEjectionPercent === 0 ? {} : { maxEjectionPercent: ir.maxEjectionPercent }),
    ...(gateway === undefined ? {} : { consecutiveGatewayFailure: gateway, enforcingConsecutiveGatewayFailure: 100 }),
    ...(percentage === undefined ? {} : { failurePercentageThreshold: percentage, enforcingFailurePercentage: 100 }),
    alwaysEjectOneHost: ir.alwaysEjectOne,
  };
}
