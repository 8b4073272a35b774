import type { Gateway, HTTPRoute } from '#controller/api/gen/types.d.ts';
import type { AttachedRoutes } from './attach-routes.ts';
import type { ListenerState } from './listeners.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus, ParentReport } from '../status/object-status.ts';

/** What is to be said of a Gateway and its listeners once its proxy has taken everything. */
export function gatewayStatus(
  object: Gateway,
  listeners: readonly ListenerState[],
  { byListener }: AttachedRoutes,
  xds: ProxyIr,
): ObjectStatus {
  const reports = listeners.map(({ spec, supportedKinds, usable, verdicts }): ListenerReport => {
    const programmed: Verdict = usable
      ? { type: 'Programmed', status: 'True', reason: 'Programmed', message: 'The proxy serves the listener' }
      : { type: 'Programmed', status: 'False', reason: 'Invalid', message: 'See the other conditions of the listener' };
    return {
      name: spec.name,
      supportedKinds,
      attachedRoutes: byListener.get(spec.name)?.length ?? 0,
      verdicts: [...verdicts, programmed],
    };
  });
  const invalid = listeners.filter(({ usable }) => !usable).map(({ spec }) => spec.name);
  const served = listeners.some(({ usable }) => usable);
  return {
    kind: 'gateway',
    object,
    verdicts: [
      invalid.length === 0
        ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Gateway is served' }
        : {
            type: 'Accepted',
            status: served ? 'True' : 'False',
            reason: 'ListenersNotValid',
            message: `Listeners that are not served: ${invalid.join(', ')}`,
          },
      served
        ? { type: 'Programmed', status: 'True', reason: 'Programmed', message: 'The proxy serves the Gateway' }
        : {
            type: 'Programmed',
            status: 'False',
            reason: 'Invalid',
            message: 'No listener of the Gateway can be served',
          },
    ],
    addresses: [...new Set(xds.listeners.map(({ address }) => address))],
    listeners: reports,
  };
}

/** What is to be said of routes, each with all its parents together. */
export function routeStatuses(reports: AttachedRoutes['reports']): readonly ObjectStatus[] {
  const byRoute = new Map<HTTPRoute, ParentReport[]>();
  for (const { route, ref, verdicts } of reports) {
    const parents = byRoute.get(route) ?? [];
    parents.push({ ref, verdicts });
    byRoute.set(route, parents);
  }
  return [...byRoute].map(([object, parents]) => ({ kind: 'route', object, parents }));
}
