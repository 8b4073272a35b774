import type { Rule } from '../schema.ts';
import { array, boolean, duration, integer, named, oneOf, quantity, required, withDefault } from '../schema.ts';
import { fraction } from '../gateway-api/fraction.ts';
import { healthCheck } from './health-check.ts';
import { loadBalancer } from './load-balancer.ts';
import { uint32 } from './numbers.ts';

const limit = withDefault(uint32, 1024);

/** Bytes as a quantity without a fraction, above zero. */
export const byteSize = quantity({ pattern: '^[1-9]+[0-9]*([EPTGMK]i|[EPTGMk])?$' });

const circuitBreaker = named('CircuitBreaker', {
  maxConnections: limit,
  maxPendingRequests: limit,
  maxParallelRequests: limit,
  maxParallelRetries: limit,
  maxRequestsPerConnection: uint32,
  perEndpoint: named('PerEndpointCircuitBreakers', { maxConnections: limit }),
  retryBudget: named('RetryBudget', { percent: required(fraction), minRetryConcurrency: integer() }),
});

const retry = named('Retry', {
  numRetries: withDefault(integer({ minimum: 0 }), 2),
  numAttemptsPerPriority: integer(),
  retryOn: named('RetryOn', {
    triggers: array(
      oneOf([
        '5xx',
        'gateway-error',
        'reset',
        'reset-before-request',
        'connect-failure',
        'retriable-4xx',
        'refused-stream',
        'retriable-status-codes',
        'cancelled',
        'deadline-exceeded',
        'internal',
        'resource-exhausted',
        'unavailable',
      ]),
    ),
    httpStatusCodes: array(integer({ minimum: 100, maximum: 599 })),
  }),
  perRetry: named('PerRetryPolicy', {
    timeout: duration(),
    backOff: named('BackOffPolicy', { baseInterval: duration(), maxInterval: duration() }),
  }),
});

const timeout = named('Timeout', {
  tcp: named('TCPTimeout', { connectTimeout: duration() }),
  http: named('HTTPTimeout', {
    connectionIdleTimeout: duration(),
    maxConnectionDuration: duration(),
    maxStreamDuration: duration(),
    requestTimeout: duration(),
    streamIdleTimeout: duration(),
  }),
});

const connection = named('BackendConnection', {
  bufferLimit: byteSize,
  socketBufferLimit: byteSize,
  preconnect: named('PreconnectPolicy', {
    perEndpointPercent: integer({ minimum: 100, maximum: 300 }),
    predictivePercent: integer({ minimum: 100 }),
  }),
});

/** TCP keep-alive probes of a connection. */
export const tcpKeepalive = named('TCPKeepalive', { probes: integer(), idleTime: duration(), interval: duration() });

/** HTTP/2 of a connection. */
export const http2Settings = named('HTTP2Settings', {
  initialStreamWindowSize: byteSize,
  initialConnectionWindowSize: byteSize,
  maxConcurrentStreams: integer({ minimum: 1, maximum: 2_147_483_647 }),
  onInvalidMessage: oneOf(['TerminateConnection', 'TerminateStream']),
  connectionKeepalive: named(
    'HTTP2ConnectionKeepalive',
    {
      interval: duration(),
      timeout: duration(),
      intervalJitter: integer({ minimum: 0, maximum: 100 }),
      idleInterval: duration(),
    },
    {
      rules: [
        {
          rule: '!has(self.timeout) || !has(self.interval) || duration(self.timeout) < duration(self.interval)',
          message: 'must be shorter than interval',
          fieldPath: ['timeout'],
        },
      ],
    },
  ),
});

/** What a policy may set on the connections to a back-end. */
export const clusterSettingsFields = {
  loadBalancer,
  retry,
  proxyProtocol: named('ProxyProtocol', { version: required(oneOf(['V1', 'V2'])) }),
  tcpKeepalive,
  healthCheck,
  circuitBreaker,
  timeout,
  connection,
  dns: named('DNS', {
    dnsRefreshRate: duration(),
    respectDnsTtl: boolean(),
    lookupFamily: oneOf(['IPv4', 'IPv6', 'IPv4Preferred', 'IPv6Preferred', 'IPv4AndIPv6']),
  }),
  http2: http2Settings,
};

/** What holds across those settings. */
export const clusterSettingsRules: readonly Rule[] = [
  {
    rule: "!has(self.connection) || !has(self.connection.preconnect) || !has(self.connection.preconnect.predictivePercent) || (has(self.loadBalancer) && self.loadBalancer.type in ['Random', 'RoundRobin'])",
    message: 'must have loadBalancer.type Random or RoundRobin with connection.preconnect.predictivePercent',
  },
];

/** The settings as one field of a reference to a service that the proxy itself calls. */
export const clusterSettings = named('ClusterSettings', clusterSettingsFields, { rules: clusterSettingsRules });
