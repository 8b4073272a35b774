import type { EnvoyGateway } from './api/gen/types.d.ts';
import type { FieldPath } from './api/field-path.ts';

/** A field that has nothing to say here, and why. */
export interface WithoutEffect {
  readonly path: FieldPath;
  readonly why: string;
}

/** What a configuration says of parts that Envoy Gateway has and Sluice does without; a field that turns such a part off is right. */
export function settingsWithoutEffect(document: EnvoyGateway): readonly WithoutEffect[] {
  const all = [
    ...ofProvider(document.provider),
    ...ofController(document),
    ...ofRedis(document),
    ...ofExtensions(document.extensionApis),
  ];
  return all.flatMap(([found, path, why]) => (found ? [{ path, why }] : []));
}

/** Whether a field is there, which, and why it has no effect. */
type Candidate = readonly [found: boolean, path: FieldPath, why: string];

function ofProvider(provider: EnvoyGateway['provider']): readonly Candidate[] {
  if (provider === undefined) return [];
  if (provider.type !== 'Kubernetes') {
    return [
      [true, ['provider'], 'manifests are those that the command names, and proxies are processes of this machine'],
    ];
  }
  const { kubernetes = {} } = provider;
  const at = (field: string): FieldPath => ['provider', 'kubernetes', field];
  return [
    ...(['rateLimitDeployment', 'rateLimitHpa', 'rateLimitPDB'] as const).map((field): Candidate => {
      return [kubernetes[field] !== undefined, at(field), `${COUNTS}; there is no service to deploy for it`];
    }),
    [
      kubernetes.shutdownManager !== undefined,
      at('shutdownManager'),
      'the sidecar of each proxy drains Envoy before it ends; there is no container for it',
    ],
    [
      kubernetes.proxyTopologyInjector !== undefined && kubernetes.proxyTopologyInjector.disabled !== true,
      at('proxyTopologyInjector'),
      'there is no webhook; the zone of a proxy is the annotation topology.kubernetes.io/zone of its pod',
    ],
    [
      kubernetes.cacheSyncPeriod !== undefined,
      at('cacheSyncPeriod'),
      'watches go on where they were, and what cannot be resumed is listed again at once; nothing waits for a period',
    ],
  ];
}

const COUNTS = 'the sidecar of each proxy counts';

function ofController({ logging, admin, xdsServer }: EnvoyGateway): readonly Candidate[] {
  return [
    [
      logging?.level?.['global-ratelimit'] !== undefined,
      ['logging', 'level', 'global-ratelimit'],
      `${COUNTS}, at the level info; there is no service for it`,
    ],
    [
      admin?.enableDumpConfig === true,
      ['admin', 'enableDumpConfig'],
      'a configuration may have passwords, and is in no log; `sluice config-dump` shows what proxies have',
    ],
    [
      admin?.enablePprof === true,
      ['admin', 'enablePprof'],
      'pprof profiles programs in Go; Node.js writes profiles with --cpu-prof and --heap-prof in NODE_OPTIONS',
    ],
    [
      xdsServer?.maxConnectionAgeGrace !== undefined && xdsServer.maxConnectionAge === undefined,
      ['xdsServer', 'maxConnectionAgeGrace'],
      'connections have no end without maxConnectionAge',
    ],
  ];
}

function ofRedis({ rateLimit, sluice }: EnvoyGateway): readonly Candidate[] {
  const redis = sluice?.redis === undefined ? undefined : rateLimit?.backend.redis;
  return [
    [
      rateLimit?.telemetry !== undefined,
      ['rateLimit', 'telemetry'],
      `${COUNTS}; there is no rate limit service that has metrics and traces of its own`,
    ],
    ...(['url', 'urlRef'] as const).map((key): Candidate => {
      return [redis?.[key] !== undefined, ['rateLimit', 'backend', 'redis', key], 'sluice.redis.url goes first'];
    }),
  ];
}

function ofExtensions(apis: EnvoyGateway['extensionApis']): readonly Candidate[] {
  return [
    [
      apis?.enableLua === true,
      ['extensionApis', 'enableLua'],
      'Lua is not implemented; EnvoyExtensionPolicies with it are not accepted',
    ],
    [
      apis?.enableSDSSecretRef === true,
      ['extensionApis', 'enableSDSSecretRef'],
      'Secrets of type gateway.envoyproxy.io/sds are refused',
    ],
  ];
}
