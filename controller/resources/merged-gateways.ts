import type { EnvoyProxy, GatewayClass } from '#controller/api/gen/types.d.ts';
import type { Resources } from './resources.ts';

/**
 * Whether one proxy serves all Gateways of a class that is accepted (Envoy Gateway API, EnvoyProxy `mergeGateways`): where the
 * class does not say, the defaults of all do, however they are merged otherwise.
 */
export function mergesGateways(
  { spec: { parametersRef: ref } }: GatewayClass,
  resources: Resources,
  defaults: EnvoyProxy | undefined,
): boolean {
  const named = ref?.kind === 'EnvoyProxy' ? resources.get('EnvoyProxy', ref.namespace ?? '', ref.name) : undefined;
  return (named?.spec.mergeGateways ?? defaults?.spec.mergeGateways) === true;
}
