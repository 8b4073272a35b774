import type { GatewayClass } from '#controller/api/gen/types.d.ts';
import type { Resources } from './resources.ts';

/** Whether one proxy serves all Gateways of a class that is accepted (Envoy Gateway API, EnvoyProxy `mergeGateways`). */
export function mergesGateways({ spec: { parametersRef: ref } }: GatewayClass, resources: Resources): boolean {
  if (ref?.kind !== 'EnvoyProxy') return false;
  return resources.get('EnvoyProxy', ref.namespace ?? '', ref.name)?.spec.mergeGateways === true;
}
