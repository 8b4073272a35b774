import type { EnvoyGateway } from './api/gen/types.d.ts';
import type { FieldPath } from './api/field-path.ts';

/** A field that has nothing to say here, and why. */
export interface WithoutEffect {
  readonly path: FieldPath;
  readonly why: string;
}

/** What a configuration says of parts that Envoy Gateway has and Sluice does without. */
export function settingsWithoutEffect({ logging }: EnvoyGateway): readonly WithoutEffect[] {
  const all = [
    {
      found: logging?.level?.['global-ratelimit'],
      path: ['logging', 'level', 'global-ratelimit'],
      why: 'the sidecar of each proxy counts, at the level info; there is no service for it',
    },
  ];
  return all.filter(({ found }) => found !== undefined);
}
