import { secretObjectReference } from '../gateway-api/references.ts';
import { labelSelector } from '../gateway-api/selectors.ts';
import { policyStatus } from '../gateway-api/status.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { defineKind } from '../kind.ts';
import { array, boolean, duration, integer, map, named, oneOf, required, string, withDefault } from '../schema.ts';
import { jsonPatchOperation } from './json-patch.ts';
import { kubernetesProvider } from './proxy-kubernetes.ts';
import { proxyTelemetry } from './proxy-telemetry.ts';
import { tlsSettingsFields, tlsSettingsRules } from './tls-settings.ts';

const filters = [
  'custom_response',
  'health_check',
  'fault',
  'cors',
  'csrf',
  'header_mutation',
  'ext_authz',
  'api_key_auth',
  'basic_auth',
  'oauth2',
  'jwt_authn',
  'stateful_session',
  'buffer',
  'lua',
  'ext_proc',
  'wasm',
  'dynamic_modules',
  'geoip',
  'rbac',
  'local_ratelimit',
  'ratelimit',
  'bandwidth_limit',
  'grpc_web',
  'grpc_stats',
  'credential_injector',
  'compressor',
  'dynamic_forward_proxy',
  'router',
].map((name) => `envoy.filters.http.${name}`);

const logLevel = oneOf(['trace', 'debug', 'info', 'warn', 'error', 'off', 'critical']);

const bootstrap = named(
  'ProxyBootstrap',
  {
    type: withDefault(oneOf(['Merge', 'Replace', 'JSONPatch']), 'Replace'),
    value: string({ description: 'An Envoy bootstrap in YAML.' }),
    jsonPatches: array(jsonPatchOperation),
  },
  {
    rules: [
      {
        rule: "self.type != 'JSONPatch' || (has(self.jsonPatches) && size(self.jsonPatches) > 0)",
        message: 'must have an entry when type is JSONPatch',
        fieldPath: ['jsonPatches'],
      },
      {
        rule: "self.type == 'JSONPatch' || has(self.value)",
        message: 'must be present unless type is JSONPatch',
        fieldPath: ['value'],
      },
    ],
  },
);

const dynamicModule = named('DynamicModuleEntry', {
  name: required(string({ minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$' })),
  source: required(
    named(
      'DynamicModuleSource',
      {
        type: withDefault(oneOf(['Local', 'Remote']), 'Local'),
        local: named('LocalDynamicModuleSource', { path: required(string({ minLength: 1, maxLength: 4096 })) }),
        remote: named('RemoteDynamicModuleSource', {
          url: required(
            string({
              minLength: 1,
              maxLength: 4096,
              pattern: '^https?:\\/\\/[^\\/?#]+([\\/?#].*)?$',
              patternHint: 'an http or https URL',
            }),
          ),
          sha256: required(string({ pattern: '^[a-f0-9]{64}$', patternHint: '64 lower-case hexadecimal digits' })),
        }),
      },
      { rules: memberRules({ Local: 'local', Remote: 'remote' }) },
    ),
  ),
  doNotClose: withDefault(boolean(), false),
  loadGlobally: withDefault(boolean(), false),
});

const database = named('GeoIPDBSource', {
  local: required(
    named('LocalGeoIPDBSource', {
      path: required(string({ pattern: '\\.mmdb$', patternHint: 'a path that ends with .mmdb' })),
    }),
  ),
});

const databases = ['cityDbSource', 'countryDbSource', 'asnDbSource', 'ispDbSource', 'anonymousIpDbSource'];

const geoIp = named('EnvoyProxyGeoIP', {
  provider: required(
    named(
      'GeoIPProvider',
      {
        type: required(oneOf(['MaxMind'])),
        maxMind: named('GeoIPMaxMind', Object.fromEntries(databases.map((name) => [name, database])), {
          rules: [
            {
              rule: databases.map((name) => `has(self.${name})`).join(' || '),
              message: `must have at least one of ${databases.join(', ')}`,
            },
          ],
        }),
      },
      { rules: memberRules({ MaxMind: 'maxMind' }) },
    ),
  ),
});

const filterPosition = named(
  'FilterPosition',
  { name: required(oneOf(filters)), before: oneOf(filters), after: oneOf(filters) },
  { rules: [{ rule: 'has(self.before) != has(self.after)', message: 'must have exactly one of before and after' }] },
);

/** The settings of a proxy: an EnvoyProxy's spec, and the defaults of all in EnvoyGateway. */
export const envoyProxySpec = named(
  'EnvoyProxySpec',
  {
    provider: named('EnvoyProxyProvider', {
      type: required(oneOf(['Kubernetes', 'Host'])),
      kubernetes: kubernetesProvider,
      host: named('EnvoyProxyHostProvider', { envoyVersion: string() }),
    }),
    logging: withDefault(named('ProxyLogging', { level: withDefault(map(logLevel), { default: 'warn' }) }), {
      level: { default: 'warn' },
    }),
    telemetry: proxyTelemetry,
    bootstrap,
    concurrency: integer({ minimum: 0 }),
    routingType: oneOf(['Service', 'Endpoint']),
    extraArgs: array(string()),
    mergeGateways: boolean(),
    mergeBackends: named('MergeBackendsConfig', { selector: labelSelector }),
    shutdown: named('ShutdownConfig', {
      healthCheckFailureDelay: duration(),
      drainTimeout: duration(),
      minDrainDuration: duration(),
    }),
    filterOrder: array(filterPosition),
    backendTLS: named(
      'BackendTLSConfig',
      { clientCertificateRef: secretObjectReference, ...tlsSettingsFields },
      { rules: tlsSettingsRules },
    ),
    ipFamily: oneOf(['IPv4', 'IPv6', 'DualStack']),
    preserveRouteOrder: boolean(),
    luaValidation: oneOf(['Strict', 'InsecureSyntax', 'Disabled']),
    dynamicModules: array(dynamicModule, { maxItems: 16, mapKeys: ['name'] }),
    geoIP: geoIp,
    mergeType: oneOf(['Replace', 'StrategicMerge', 'JSONMerge']),
  },
  {
    rules: [
      {
        rule: '!has(self.mergeGateways) || !self.mergeGateways || !has(self.mergeBackends)',
        message: 'must be absent when mergeGateways is true',
        fieldPath: ['mergeBackends'],
      },
    ],
  },
);

/** EnvoyProxy: how the proxies of a GatewayClass or Gateway run. */
export const envoyProxy = defineKind({
  group: 'gateway.envoyproxy.io',
  kind: 'EnvoyProxy',
  plural: 'envoyproxies',
  shortNames: ['eproxy'],
  categories: ['envoy-gateway'],
  storageVersion: 'v1alpha1',
  body: { spec: withDefault(envoyProxySpec, {}), status: policyStatus },
});
