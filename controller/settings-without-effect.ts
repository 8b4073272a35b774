import type { EnvoyGateway } from './api/gen/types.d.ts';
import type { FieldPath } from './api/field-path.ts';

/** A field that has nothing to say here, and why. */
export interface WithoutEffect {
  readonly path: FieldPath;
  readonly why: string;
}

/** What a configuration says of parts that Envoy Gateway has and Sluice does without. */
export function settingsWithoutEffect({
  logging,
  rateLimit,
  xdsServer,
  sluice,
}: EnvoyGateway): readonly WithoutEffect[] {
  const redis = sluice?.redis === undefined ? undefined : rateLimit?.backend.redis;
  const all = [
    {
      found: logging?.level?.['global-ratelimit'],
      path: ['logging', 'level', 'global-ratelimit'],
      why: 'the sidecar of each proxy counts, at the level info; there is no service for it',
    },
    {
      found: rateLimit?.telemetry,
      path: ['rateLimit', 'telemetry'],
      why: 'the sidecar of each proxy counts; there is no rate limit service that has metrics and traces of its own',
    },
    ...(['url', 'urlRef'] as const).map((key) => ({
      found: redis?.[key],
      path: ['rateLimit', 'backend', 'redis', key],
      why: 'sluice.redis.url goes first',
    })),
    {
      found: xdsServer?.maxConnectionAge === undefined ? xdsServer?.maxConnectionAgeGrace : undefined,
      path: ['xdsServer', 'maxConnectionAgeGrace'],
      why: 'connections have no end without maxConnectionAge',
    },
  ];
  return all.filter(({ found }) => found !== undefined);
}
