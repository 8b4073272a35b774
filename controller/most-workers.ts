import type { ClassState } from './gateway/gateway-classes.ts';
import type { Resources } from './resources/resources.ts';
import type { Settings } from './settings.ts';

/**
 * How many workers the proxy has that has most of them, by the EnvoyProxies of classes and Gateways, and the defaults of all. A policy may be in force on
 * several proxies and is shared among them as it is: what each worker holds of a limit is right for the largest, and little for others.
 */
export function mostWorkers(
  classes: ReadonlyMap<string, ClassState>,
  resources: Resources,
  { workers, envoyProxy }: Pick<Settings, 'workers' | 'envoyProxy'>,
): number {
  const ofClasses = [...classes.values()].map(({ parameters }) => workers((parameters ?? envoyProxy)?.spec));
  const ofGateways = resources.list('EnvoyProxy').map(({ spec }) => workers(spec));
  const ofAll = envoyProxy === undefined ? [] : [workers(envoyProxy.spec)];
  return Math.max(1, ...ofAll, ...ofClasses, ...ofGateways);
}
