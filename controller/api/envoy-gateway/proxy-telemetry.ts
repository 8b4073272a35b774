import { fraction } from '../gateway-api/fraction.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { httpToken } from '../kubernetes/names.ts';
import type { Rule } from '../schema.ts';
import { array, boolean, integer, map, named, oneOf, required, string, withDefault } from '../schema.ts';
import { externalServiceFields, noBackendRef } from './external-service.ts';
import { healthCheckLog } from './health-check.ts';
import { compression } from './compression.ts';
import { stringMatch } from './string-match.ts';
import { tracingFields } from './tracing.ts';

const otlpPort = withDefault(integer({ minimum: 0, maximum: 65_535 }), 4317);

const headers = array(
  named('OTLPHeader', {
    name: required(string(httpToken)),
    value: required(string({ minLength: 1, maxLength: 4096 })),
  }),
  {
    minItems: 1,
    maxItems: 32,
  },
);

const collectorRules: readonly Rule[] = [
  noBackendRef,
  {
    rule: "!has(self.backendRefs) || self.backendRefs.all(ref, ref.kind in ['Service', 'Backend'] && ref.group in ['', 'gateway.envoyproxy.io'])",
    message: 'must each be a Service or Backend',
    fieldPath: ['backendRefs'],
  },
];

const someCollector: Rule = {
  rule: 'has(self.host) || (has(self.backendRefs) && size(self.backendRefs) > 0)',
  message: 'must have backendRefs or the older host',
};

const host = string({ deprecated: 'Use backendRefs.' });

const accessLogService = named(
  'ALSEnvoyProxyAccessLog',
  {
    ...externalServiceFields,
    logName: string({ minLength: 1 }),
    type: required(oneOf(['HTTP', 'TCP'])),
    http: named('ALSEnvoyProxyHTTPAccessLogConfig', {
      requestHeaders: array(string()),
      responseHeaders: array(string()),
      responseTrailers: array(string()),
    }),
  },
  {
    rules: [
      ...collectorRules,
      {
        rule: 'has(self.backendRefs) && size(self.backendRefs) > 0',
        message: 'must name at least one back-end',
        fieldPath: ['backendRefs'],
      },
      {
        rule: "self.type == 'HTTP' || !has(self.http)",
        message: 'must be absent unless type is HTTP',
        fieldPath: ['http'],
      },
    ],
  },
);

const openTelemetryLog = named(
  'OpenTelemetryEnvoyProxyAccessLog',
  {
    ...externalServiceFields,
    host,
    port: otlpPort,
    resources: map(string()),
    resourceAttributes: map(string()),
    headers,
  },
  {
    rules: [
      ...collectorRules,
      someCollector,
      {
        rule: '!has(self.resources) || !has(self.resourceAttributes)',
        message: 'must have resourceAttributes or the older resources, not both',
      },
    ],
  },
);

const logFormat = named(
  'ProxyAccessLogFormat',
  { type: oneOf(['Text', 'JSON']), text: string(), json: map(string()) },
  {
    rules: [
      { rule: 'has(self.text) || has(self.json)', message: 'must have text or json' },
      {
        rule: "!has(self.type) || (has(self.text) == (self.type == 'Text') && has(self.json) == (self.type == 'JSON'))",
        message: 'must have text when type is Text, json when type is JSON, and not the other',
      },
    ],
  },
);

const accessLog = named('ProxyAccessLog', {
  disable: boolean(),
  settings: array(
    named('ProxyAccessLogSetting', {
      type: oneOf(['Listener', 'Route', 'Upstream']),
      format: logFormat,
      matches: array(string(), { maxItems: 10 }),
      sinks: required(
        array(
          named(
            'ProxyAccessLogSink',
            {
              type: required(oneOf(['ALS', 'File', 'OpenTelemetry'])),
              als: accessLogService,
              file: named('FileEnvoyProxyAccessLog', { path: string({ minLength: 1 }) }),
              openTelemetry: openTelemetryLog,
            },
            { rules: memberRules({ ALS: 'als', File: 'file', OpenTelemetry: 'openTelemetry' }) },
          ),
          { minItems: 1, maxItems: 50 },
        ),
      ),
    }),
    { minItems: 1, maxItems: 50 },
  ),
});

const samplers = [
  'AlwaysOn',
  'AlwaysOff',
  'TraceIdRatio',
  'ParentBasedAlwaysOn',
  'ParentBasedAlwaysOff',
  'ParentBasedTraceIdRatio',
];

const tracingProvider = named(
  'TracingProvider',
  {
    ...externalServiceFields,
    type: withDefault(oneOf(['OpenTelemetry', 'Zipkin', 'Datadog']), 'OpenTelemetry'),
    host,
    port: otlpPort,
    serviceName: string({ minLength: 1 }),
    zipkin: named('ZipkinTracingProvider', { enable128BitTraceId: boolean(), disableSharedSpanContext: boolean() }),
    openTelemetry: named('OpenTelemetryTracingProvider', {
      headers,
      resourceAttributes: map(string()),
      sampler: named(
        'OTelSampler',
        { type: withDefault(oneOf(samplers), 'AlwaysOn'), samplingPercentage: fraction },
        {
          rules: [
            {
              rule: "!has(self.samplingPercentage) || self.type in ['TraceIdRatio', 'ParentBasedTraceIdRatio']",
              message: 'must be absent unless type is TraceIdRatio or ParentBasedTraceIdRatio',
              fieldPath: ['samplingPercentage'],
            },
          ],
        },
      ),
    }),
  },
  {
    rules: [
      ...collectorRules,
      someCollector,
      {
        rule: "!has(self.openTelemetry) || self.type == 'OpenTelemetry'",
        message: 'must be absent unless type is OpenTelemetry',
        fieldPath: ['openTelemetry'],
      },
    ],
  },
);

const metricSink = named(
  'ProxyMetricSink',
  {
    type: withDefault(oneOf(['OpenTelemetry']), 'OpenTelemetry'),
    openTelemetry: named(
      'ProxyOpenTelemetrySink',
      {
        ...externalServiceFields,
        host,
        port: otlpPort,
        reportCountersAsDeltas: boolean(),
        reportHistogramsAsDeltas: boolean(),
        headers,
        resourceAttributes: map(string()),
      },
      { rules: [...collectorRules, someCollector] },
    ),
  },
  { rules: memberRules({ OpenTelemetry: 'openTelemetry' }) },
);

/** Logs, traces and metrics of a proxy. */
export const proxyTelemetry = named('ProxyTelemetry', {
  accessLog,
  tracing: named(
    'ProxyTracing',
    {
      ...tracingFields,
      samplingRate: integer({ minimum: 0, maximum: 100 }),
      provider: required(tracingProvider),
    },
    {
      rules: [
        {
          rule: '!has(self.samplingRate) || !has(self.samplingFraction)',
          message: 'must have samplingRate or samplingFraction, not both',
        },
      ],
    },
  ),
  metrics: named('ProxyMetrics', {
    prometheus: named('ProxyPrometheusProvider', { disable: boolean(), compression }),
    sinks: array(metricSink, { maxItems: 16 }),
    matches: array(stringMatch),
    enableVirtualHostStats: boolean(),
    enablePerEndpointStats: boolean(),
    enableRequestResponseSizesStats: boolean(),
    enableGRPCStats: boolean(),
    clusterStatName: string(),
  }),
  requestID: named('RequestIDSettings', { tracing: oneOf(['PackAndSample', 'Sample', 'Pack', 'Disable']) }),
  healthCheckLog,
});
