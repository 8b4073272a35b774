import type { HTTPRoute } from '#controller/api/gen/types.d.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus, ParentReport } from '../status/object-status.ts';
import type { AttachedRoutes } from './attach-routes.ts';
import type { GatewayState } from './gateways.ts';

/** What is to be said of a Gateway and its listeners once its proxy has taken everything. */
export function gatewayStatus(
  { gateway, refused, listeners, attached }: GatewayState,
  bindAddress: string,
): ObjectStatus {
  const isServed = (usable: boolean): boolean => usable && refused === undefined;
  const reports = listeners.map(({ spec, supportedKinds, usable, verdicts }): ListenerReport => ({
    name: spec.name,
    supportedKinds,
    attachedRoutes: attached.byListener.get(spec.name)?.length ?? 0,
    verdicts: [...verdicts, programmed(isServed(usable), 'The proxy serves the listener', 'the listener')],
  }));
  const invalid = listeners.filter(({ usable }) => !usable).map(({ spec }) => spec.name);
  const served = listeners.some(({ usable }) => isServed(usable));
  const addresses = gateway.spec.addresses?.flatMap(({ value }) => (value === undefined ? [] : [value]));
  return {
    kind: 'gateway',
    object: gateway,
    verdicts: [
      acceptance(refused, invalid, served),
      programmed(served, 'The proxy serves the Gateway', 'the Gateway and its listeners'),
    ],
    addresses: served ? (addresses ?? [bindAddress]) : [],
    listeners: reports,
  };
}

function acceptance(refused: GatewayState['refused'], invalid: readonly string[], served: boolean): Verdict {
  if (refused !== undefined) return { type: 'Accepted', status: 'False', ...refused };
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Gateway is served' };
  }
  const message = `Listeners that are not served: ${invalid.join(', ')}`;
  return { type: 'Accepted', status: served ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

function programmed(served: boolean, message: string, subject: string): Verdict {
  if (served) return { type: 'Programmed', status: 'True', reason: 'Programmed', message };
  return { type: 'Programmed', status: 'False', reason: 'Invalid', message: `See the other conditions of ${subject}` };
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
