import type { HTTPRoute } from '#controller/api/gen/types.d.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus } from '../status/object-status.ts';
import type { AttachedRoute, RouteReport } from './attach-routes.ts';
import type { GatewayState } from './gateways.ts';

/** What is to be said of a Gateway and its listeners once its proxy has taken everything. */
export function gatewayStatus(
  { gateway, refused, listeners, routes }: GatewayState,
  bindAddress: string,
): ObjectStatus {
  const isServed = (usable: boolean): boolean => usable && refused === undefined;
  const attached = attachedRoutes(routes);
  const reports = listeners.map(({ spec, supportedKinds, usable, verdicts }): ListenerReport => ({
    name: spec.name,
    supportedKinds,
    attachedRoutes: attached.get(spec.name) ?? 0,
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

function attachedRoutes(routes: readonly AttachedRoute[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { attachments } of routes) {
    for (const { listener } of attachments) counts.set(listener.spec.name, (counts.get(listener.spec.name) ?? 0) + 1);
  }
  return counts;
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
export function routeStatuses(gateways: readonly GatewayState[]): readonly ObjectStatus[] {
  const byRoute = new Map<HTTPRoute, readonly AttachedRoute[]>();
  for (const { routes } of gateways) {
    for (const attached of routes) {
      const { route } = attached.core;
      byRoute.set(route, [...(byRoute.get(route) ?? []), attached]);
    }
  }
  return [...byRoute.values()].flatMap((attached) => routeStatus(attached));
}

const statuses = new WeakMap<AttachedRoute, ObjectStatus>();

function routeStatus(attached: readonly AttachedRoute[]): readonly ObjectStatus[] {
  const [first, ...rest] = attached;
  if (first === undefined) return [];
  if (rest.length > 0) return statusOf(attached.flatMap(({ reports }) => reports));
  const known = statuses.get(first);
  if (known !== undefined) return [known];
  const made = statusOf(first.reports);
  if (made[0] !== undefined) statuses.set(first, made[0]);
  return made;
}

function statusOf(reports: readonly RouteReport[]): readonly ObjectStatus[] {
  const [first] = reports;
  if (first === undefined) return [];
  return [{ kind: 'route', object: first.route, parents: reports.map(({ ref, verdicts }) => ({ ref, verdicts })) }];
}
