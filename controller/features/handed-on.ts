import type { RouteFeaturesIr } from '../ir/route.ts';
import { otherSpellings } from '../resources/header-name.ts';

/**
 * Headers that clients bring beside those in which Envoy's filters tell who they are, and that programs may take for these: no
 * back-end gets them. The policy module takes away what is like its own.
 */
export function likeHandedOn({
  basicAuth,
  apiKeyAuth,
}: Pick<RouteFeaturesIr, 'basicAuth' | 'apiKeyAuth'>): readonly string[] {
  const names = [basicAuth?.forwardHeader, apiKeyAuth?.forwardHeader].filter((name) => name !== undefined);
  return names.flatMap(otherSpellings).filter((name) => !names.includes(name));
}
