import { fraction } from '../gateway-api/fraction.ts';
import { secretObjectReference } from '../gateway-api/references.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { array, boolean, duration, integer, json, named, oneOf, required, string, withDefault } from '../schema.ts';
import { extensionManager } from './config-extension.ts';
import { configProvider } from './config-provider.ts';
import { byteSize } from './cluster-settings.ts';
import { envoyProxySpec } from './envoy-proxy.ts';
import { sluiceSettings } from './sluice-settings.ts';

const openTelemetrySink = named('EnvoyGatewayOpenTelemetrySink', {
  host: required(string()),
  protocol: required(oneOf(['grpc', 'http'])),
  port: withDefault(integer({ minimum: 1, maximum: 65_535 }), 4317),
  exportInterval: duration(),
  exportTimeout: duration(),
});

const sinkType = withDefault(oneOf(['OpenTelemetry']), 'OpenTelemetry');

const telemetry = named('EnvoyGatewayTelemetry', {
  metrics: named('EnvoyGatewayMetrics', {
    sinks: array(named('EnvoyGatewayMetricSink', { type: sinkType, openTelemetry: openTelemetrySink })),
    prometheus: named('EnvoyGatewayPrometheusProvider', { disable: boolean() }),
  }),
  traces: named('EnvoyGatewayTraces', {
    sink: named('EnvoyGatewayTraceSink', { type: sinkType, openTelemetry: openTelemetrySink }),
    samplingRate: fraction,
  }),
});

const redis = named('RateLimitRedisSettings', {
  url: string({ sensitive: true }),
  urlRef: named('RedisURLSource', {
    secretKeyRef: required(
      named('SecretKeySelector', { name: required(string()), key: required(string()), optional: boolean() }),
    ),
  }),
  tls: named('RedisTLSSettings', { certificateRef: secretObjectReference }),
});

const rateLimitService = named('RateLimitServiceSettings', {
  backend: required(
    named(
      'RateLimitDatabaseBackend',
      { type: required(oneOf(['Redis'])), redis },
      { rules: memberRules({ Redis: 'redis' }) },
    ),
  ),
  timeout: duration(),
  failClosed: boolean(),
  telemetry: json({ object: true }),
});

const runtimeFlag = oneOf(['XDSNameSchemeV2', 'EndpointSliceIndex', 'PerResourceSystemCASecret']);

const logLevel = oneOf(['trace', 'debug', 'info', 'warn', 'error']);

/** A component that is misspelt is refused: whoever looks for a fault would wait for lines that never come. */
const logLevels = named('EnvoyGatewayLogLevels', {
  default: logLevel,
  provider: logLevel,
  'gateway-api': logLevel,
  'xds-translator': logLevel,
  'xds-server': logLevel,
  xds: logLevel,
  infrastructure: logLevel,
  'global-ratelimit': logLevel,
});

/**
 * The configuration file (`--config`), kind EnvoyGateway: no resource of a cluster, so it is in no list of kinds.
 * `sluice` is our own part.
 */
export const envoyGatewayConfig = named('EnvoyGateway', {
  apiVersion: required(oneOf(['gateway.envoyproxy.io/v1alpha1'])),
  kind: required(oneOf(['EnvoyGateway'])),
  metadata: json({ object: true }),
  gateway: named('GatewaySettings', { controllerName: string({ minLength: 1 }) }),
  provider: configProvider,
  logging: named('EnvoyGatewayLogging', { level: logLevels, encoder: oneOf(['Text', 'JSON']) }),
  admin: named('EnvoyGatewayAdmin', {
    address: named('EnvoyGatewayAdminAddress', {
      port: withDefault(integer({ minimum: 0, maximum: 65_535 }), 19_000),
      host: withDefault(string(), '127.0.0.1'),
    }),
    enableDumpConfig: boolean(),
    enablePprof: boolean(),
  }),
  telemetry,
  xdsServer: named('XDSServer', {
    maxConnectionAge: duration(),
    maxConnectionAgeGrace: duration(),
    maxReceiveMessageSize: byteSize,
  }),
  rateLimit: rateLimitService,
  extensionManager,
  extensionManagers: array(extensionManager),
  extensionApis: named('ExtensionAPISettings', {
    enableEnvoyPatchPolicy: boolean(),
    enableBackend: boolean(),
    disableLua: boolean(),
    enableLua: boolean(),
    enableSDSSecretRef: boolean(),
  }),
  gatewayAPI: named('GatewayAPISettings', { enabled: array(oneOf(['XBackendTrafficPolicy'])) }),
  runtimeFlags: named('RuntimeFlags', { enabled: array(runtimeFlag), disabled: array(runtimeFlag) }),
  envoyProxy: envoyProxySpec,
  sluice: sluiceSettings,
});
