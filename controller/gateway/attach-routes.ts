import type { ParentReference } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import { rememberedIn } from '../resources/tracked.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import { attach, type Attachment, parentKey } from './attachment.ts';
import type { GatewayListeners } from './listeners.ts';
import type { AnyRoute, InvalidRules, RouteCore } from './route-core.ts';

/** A route with regard to one Gateway that it names. The same object as long as neither changes. */
export interface AttachedRoute {
  readonly core: RouteCore;
  /** Each listener once. */
  readonly attachments: readonly Attachment[];
  /** What is said of each parentRef that names this Gateway, or a ListenerSet of it. */
  readonly reports: readonly RouteReport[];
}

/** What is said of a route with regard to one of its parents. */
export interface RouteReport {
  readonly route: AnyRoute;
  readonly ref: ParentReference;
  readonly verdicts: readonly Verdict[];
}

/**
 * Makes the pass that attaches routes to a Gateway that they name. The same array for the same routes as long as nothing
 * changes.
 */
export function createAttach(
  coreOf: (route: AnyRoute, resources: Resources) => RouteCore,
): (routes: readonly AnyRoute[], gateway: GatewayListeners, resources: Resources) => readonly AttachedRoute[] {
  return rememberedIn((routes: readonly AnyRoute[], gateway: GatewayListeners, resources) =>
    routes.map((route) => attachRoute(coreOf(route, resources), gateway, resources)),
  );
}

/** Attaches a route to the listeners of a Gateway that it names (Gateway API, "Attaching routes"). */
const attachRoute: (core: RouteCore, gateway: GatewayListeners, resources: Resources) => AttachedRoute = rememberedIn(
  (core: RouteCore, { byOwner }: GatewayListeners, resources) => {
    const { route } = core;
    const attachments = new Map<string, Attachment>();
    const reports: RouteReport[] = [];
    for (const ref of route.spec.parentRefs ?? []) {
      const key = parentKey(ref, route);
      const own = key === undefined ? undefined : byOwner.get(key);
      if (own === undefined) continue;
      const attached = attach(route, ref, own, resources);
      const refused = attached.ok ? core.refused : attached.refusal;
      const told = refused ?? (core.invalid?.all === true ? core.invalid.refusal : undefined);
      const verdicts = [acceptance(told), resolution(core.unresolved), ...partial(core.invalid)];
      reports.push({ route, ref, verdicts });
      if (!attached.ok || refused !== undefined) continue;
      // Two parentRefs may name one listener: by its name, and by its Gateway or port.
      for (const attachment of attached.value) attachments.set(attachment.listener.name, attachment);
    }
    return { core, attachments: [...attachments.values()], reports };
  },
);

function acceptance(refused: Refusal | undefined): Verdict {
  if (refused !== undefined) return { type: 'Accepted', status: 'False', ...refused };
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The route is served' };
}

/** Gateway API, RouteConditionPartiallyInvalid. */
function partial(invalid: InvalidRules | undefined): readonly Verdict[] {
  return invalid === undefined || invalid.all ? [] : [{ type: 'PartiallyInvalid', status: 'True', ...invalid.refusal }];
}

function resolution(unresolved: Refusal | undefined): Verdict {
  if (unresolved !== undefined) return { type: 'ResolvedRefs', status: 'False', ...unresolved };
  return { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'Every reference leads somewhere' };
}
