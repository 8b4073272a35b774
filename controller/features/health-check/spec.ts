import type {
  ActiveHealthCheck,
  ActiveHealthCheckPayload,
  HealthCheck,
  HTTPActiveHealthChecker,
  PassiveHealthCheck,
  ProxyHealthCheckLog,
} from '#controller/api/gen/types.d.ts';
import type {
  ActiveHealthCheckIr,
  HealthCheckIr,
  HealthCheckLogIr,
  OutlierDetectionIr,
  ProbeIr,
} from '../../ir/cluster-settings.ts';
import { milliseconds, parseDuration } from '../../resources/duration.ts';
import type { Problems } from '../../resources/problems.ts';

/** Translates `healthCheck` of a policy. */
export function translateHealthCheck(
  { active, passive, panicThreshold }: HealthCheck,
  problems: Problems,
): HealthCheckIr {
  return {
    active: active === undefined ? undefined : translateActive(active, problems),
    passive: passive === undefined ? undefined : translatePassive(passive, problems),
    panicThreshold,
  };
}

function translateActive(spec: ActiveHealthCheck, problems: Problems): ActiveHealthCheckIr {
  const path = 'healthCheck.active';
  for (const field of ['timeout', 'interval'] as const) {
    if (parseDuration(spec[field]) === 0) problems.add(`${path}.${field}`, 'found 0s, accepted is more than that');
  }
  problems.within(spec.unhealthyThreshold, `${path}.unhealthyThreshold`, 1);
  problems.within(spec.healthyThreshold, `${path}.healthyThreshold`, 1);
  return {
    timeout: parseDuration(spec.timeout),
    interval: parseDuration(spec.interval),
    initialJitter: milliseconds(spec.initialJitter),
    unhealthyThreshold: spec.unhealthyThreshold,
    healthyThreshold: spec.healthyThreshold,
    probe: probe(spec, problems),
    port: spec.overrides?.port,
    log: spec.healthCheckLog === undefined ? undefined : log(spec.healthCheckLog),
  };
}

function probe({ type, http, tcp, grpc }: ActiveHealthCheck, problems: Problems): ProbeIr {
  switch (type) {
    case 'HTTP':
      return httpProbe(http ?? { path: '/' }, problems);
    case 'TCP':
      return { kind: 'tcp', send: payload(tcp?.send), receive: payload(tcp?.receive) };
    case 'GRPC':
      return { kind: 'grpc', service: grpc?.service ?? '' };
    default:
      return type satisfies never;
  }
}

/** What Envoy can send (envoy.config.core.v3.RequestMethod). */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'] as const;

function httpProbe(spec: HTTPActiveHealthChecker, problems: Problems): ProbeIr {
  const written = spec.method?.toUpperCase() ?? 'GET';
  const method = METHODS.find((known) => known === written);
  if (method === undefined) {
    problems.add('healthCheck.active.http.method', `found ${spec.method}, accepted are ${METHODS.join(', ')}`);
  }
  const statuses = (list: readonly number[] | undefined) => [...new Set(list)].sort((a, b) => a - b);
  const expected = statuses(spec.expectedStatuses);
  return {
    kind: 'http',
    host: spec.hostname,
    path: spec.path,
    method: method ?? 'GET',
    expectedStatuses: expected.length === 0 ? [200] : expected,
    retriableStatuses: statuses(spec.retriableStatuses),
    receive: payload(spec.expectedResponse),
    send: payload(spec.requestBody),
  };
}

/** The bytes of a payload in hexadecimal; an empty one is none. */
function payload(spec: ActiveHealthCheckPayload | undefined): string | undefined {
  const bytes = spec?.type === 'Binary' ? Buffer.from(spec.binary ?? '', 'base64') : Buffer.from(spec?.text ?? '');
  return bytes.length === 0 ? undefined : bytes.toString('hex');
}

/** Nothing said is everything logged, to standard output. */
function log({ matches = [], sinks = [] }: ProxyHealthCheckLog): HealthCheckLogIr {
  return {
    allFailures: matches.length === 0 || matches.includes('Failure'),
    allSuccesses: matches.length === 0 || matches.includes('Success'),
    file: sinks.length === 0 ? '/dev/stdout' : sinks[0]?.file?.path,
  };
}

function translatePassive(spec: PassiveHealthCheck, problems: Problems): OutlierDetectionIr {
  const path = 'healthCheck.passive';
  for (const field of ['interval', 'baseEjectionTime'] as const) {
    if (parseDuration(spec[field]) === 0) problems.add(`${path}.${field}`, 'found 0s, accepted is more than that');
  }
  const counts = ['consecutiveLocalOriginFailures', 'consecutiveGatewayErrors', 'consecutive5XxErrors'] as const;
  for (const field of counts) problems.within(spec[field], `${path}.${field}`, 0);
  return {
    interval: parseDuration(spec.interval),
    baseEjectionTime: parseDuration(spec.baseEjectionTime),
    splitErrors: spec.splitExternalLocalOriginErrors,
    consecutiveLocalOriginFailures: spec.consecutiveLocalOriginFailures,
    consecutiveGatewayErrors: spec.consecutiveGatewayErrors,
    consecutive5xx: spec.consecutive5XxErrors,
    maxEjectionPercent: spec.maxEjectionPercent,
    failurePercentageThreshold: spec.failurePercentageThreshold,
    alwaysEjectOne: spec.alwaysEjectOneEndpoint,
  };
}
