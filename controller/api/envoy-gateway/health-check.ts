import { preciseHostname } from '../kubernetes/names.ts';
import { array, boolean, duration, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { percent } from './numbers.ts';

const payload = named(
  'ActiveHealthCheckPayload',
  { type: required(oneOf(['Text', 'Binary'])), text: string(), binary: string({ format: 'byte' }) },
  { rules: memberRules({ Text: 'text', Binary: 'binary' }) },
);

const status = integer({ minimum: 100, maximum: 599 });

const http = named(
  'HTTPActiveHealthChecker',
  {
    hostname: string(preciseHostname),
    path: required(string({ minLength: 1, maxLength: 1024 })),
    method: string({ maxLength: 16 }),
    expectedStatuses: array(status),
    retriableStatuses: array(status),
    expectedResponse: payload,
    requestBody: payload,
  },
  {
    rules: [
      {
        rule: "!has(self.requestBody) || (has(self.method) && self.method.upperAscii() in ['POST', 'PUT'])",
        message: 'must be absent unless method is POST or PUT',
        fieldPath: ['requestBody'],
      },
    ],
  },
);

/** Where the outcome of health checks is logged. */
export const healthCheckLog = named('ProxyHealthCheckLog', {
  matches: array(oneOf(['Failure', 'FailureSeriesStart', 'Success', 'HealthyTransition']), {
    maxItems: 4,
    set: true,
    rules: [
      {
        rule: "self.exists(e, e in ['Failure', 'FailureSeriesStart']) == self.exists(e, e in ['Success', 'HealthyTransition'])",
        message: 'must name failures and successes, or neither',
      },
    ],
  }),
  sinks: array(
    named(
      'ProxyHealthCheckLogSink',
      {
        type: required(oneOf(['File'])),
        file: named('ProxyHealthCheckLogFile', { path: required(string({ minLength: 1 })) }),
      },
      { rules: memberRules({ File: 'file' }) },
    ),
    { maxItems: 1 },
  ),
});

const active = named(
  'ActiveHealthCheck',
  {
    type: required(oneOf(['HTTP', 'TCP', 'GRPC'])),
    timeout: withDefault(duration(), '1s'),
    interval: withDefault(duration(), '3s'),
    initialJitter: duration(),
    unhealthyThreshold: withDefault(integer({ minimum: 1 }), 3),
    healthyThreshold: withDefault(integer({ minimum: 1 }), 1),
    http,
    tcp: named('TCPActiveHealthChecker', { send: payload, receive: payload }),
    grpc: named('GRPCActiveHealthChecker', { service: string() }),
    overrides: named('HealthCheckOverrides', { port: integer({ minimum: 1, maximum: 65_535 }) }),
    healthCheckLog,
  },
  {
    rules: [
      ...memberRules({ HTTP: 'http', TCP: 'tcp' }),
      {
        rule: "!has(self.grpc) || self.type == 'GRPC'",
        message: 'must be absent unless type is GRPC',
        fieldPath: ['grpc'],
      },
    ],
  },
);

const passive = named('PassiveHealthCheck', {
  splitExternalLocalOriginErrors: withDefault(boolean(), false),
  interval: withDefault(duration(), '3s'),
  consecutiveLocalOriginFailures: withDefault(integer(), 5),
  consecutiveGatewayErrors: integer(),
  consecutive5XxErrors: withDefault(integer(), 5),
  baseEjectionTime: withDefault(duration(), '30s'),
  maxEjectionPercent: withDefault(percent, 10),
  failurePercentageThreshold: percent,
  alwaysEjectOneEndpoint: withDefault(boolean(), false),
});

/** How endpoints are found unhealthy: by probes (active), by their answers (passive). */
export const healthCheck = named('HealthCheck', { active, passive, panicThreshold: percent });
