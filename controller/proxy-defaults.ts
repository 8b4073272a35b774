import type { EnvoyGateway, EnvoyProxy } from './api/gen/types.d.ts';
import type { FieldPath } from './api/field-path.ts';
import { unimplemented } from './api/unimplemented.ts';
import { parametersProblem } from './gateway/parameters.ts';
import { implementedPaths } from './implemented.ts';
import type { ProxyPlace } from './settings.ts';

/**
 * How all proxies run where their class and Gateway say nothing, or are merged into it (EnvoyGateway `envoyProxy`), as an
 * EnvoyProxy that no manifest has. What would refuse an EnvoyProxy refuses the configuration, each field at its place.
 */
export function proxyDefaults(
  spec: EnvoyGateway['envoyProxy'],
  place: ProxyPlace,
  refuse: (path: FieldPath, message: string) => void,
): EnvoyProxy | undefined {
  if (spec === undefined) return undefined;
  const proxy: EnvoyProxy = {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name: 'of-all', namespace: '', generation: 1 },
    spec,
  };
  const missing = unimplemented(proxy, implementedPaths.EnvoyProxy);
  for (const [, ...path] of missing) refuse(['envoyProxy', ...path], 'not implemented in this version');
  const problem = missing.length > 0 ? undefined : parametersProblem(proxy, place);
  if (problem !== undefined) refuse(['envoyProxy'], problem.message.replace(/^EnvoyProxy [^:]*: /u, ''));
  return proxy;
}
