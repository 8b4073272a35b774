import type { Gateway, HTTPRoute, ParentReference } from '#controller/api/gen/types.d.ts';
import { byAge, type Resources } from '../resources/resources.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import { attach, namesGateway } from './attachment.ts';
import type { RouteCore } from './http-route.ts';
import type { ListenerState } from './listeners.ts';

/** A route on a listener, with the host names that both allow. */
export interface AttachedRoute {
  readonly route: HTTPRoute;
  readonly core: RouteCore;
  readonly hostnames: readonly string[];
}

/** The routes of one Gateway. */
export interface AttachedRoutes {
  /** By name of the listener; oldest routes first. */
  readonly byListener: ReadonlyMap<string, readonly AttachedRoute[]>;
  /** What is said of each parentRef that names this Gateway. */
  readonly reports: readonly {
    readonly route: HTTPRoute;
    readonly ref: ParentReference;
    readonly verdicts: readonly Verdict[];
  }[];
}

/** Attaches every route that names `gateway` to its listeners. */
export function attachRoutes(
  gateway: Gateway,
  listeners: readonly ListenerState[],
  routes: readonly HTTPRoute[],
  coreOf: (route: HTTPRoute) => RouteCore,
  resources: Resources,
): AttachedRoutes {
  const byListener = new Map<string, AttachedRoute[]>(listeners.map(({ spec }) => [spec.name, []]));
  const reports: AttachedRoutes['reports'][number][] = [];
  for (const route of [...routes].sort(byAge)) {
    const core = coreOf(route);
    const seen = new Set<string>();
    for (const ref of route.spec.parentRefs ?? []) {
      if (!namesGateway(ref, route, gateway)) continue;
      const attached = attach(route, ref, listeners, resources);
      const refused = attached.ok ? core.refused : attached.refusal;
      reports.push({ route, ref, verdicts: [acceptance(refused), resolution(core.unresolved)] });
      if (!attached.ok || refused !== undefined) continue;
      for (const { listener, hostnames } of attached.value) {
        // Two parentRefs may name one listener: by its name, and by its Gateway or port.
        if (seen.has(listener.spec.name)) continue;
        seen.add(listener.spec.name);
        byListener.get(listener.spec.name)?.push({ route, core, hostnames });
      }
    }
  }
  return { byListener, reports };
}

function acceptance(refused: Refusal | undefined): Verdict {
  if (refused !== undefined) return { type: 'Accepted', status: 'False', ...refused };
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The route is served' };
}

function resolution(unresolved: Refusal | undefined): Verdict {
  if (unresolved !== undefined) return { type: 'ResolvedRefs', status: 'False', ...unresolved };
  return { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'Every reference leads somewhere' };
}
