import { enumMembers } from '#proto/load.ts';
import type { Init } from './message.ts';

/** The configuration comes over the same stream as everything else (`core.v3.ConfigSource.ads`). */
export function adsSource(): Init<'envoy.config.core.v3.ConfigSource'> {
  return {
    configSourceSpecifier: { case: 'ads', value: {} },
    resourceApiVersion: enumMembers('envoy.config.core.v3.ApiVersion').V3,
  };
}
