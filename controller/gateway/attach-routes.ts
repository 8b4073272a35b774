import type { Gateway, ParentReference } from '#controller/api/gen/types.d.ts';
import { once } from '../ir/once.ts';
import { type Pieces, sameMembers } from '../ir/pieces.ts';
import { isClosed } from '../resources/closed-object.ts';
import type { Resources } from '../resources/resources.ts';
import { rememberedIn, rememberedList } from '../resources/tracked.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import { attach, type Attachment, parentKey } from './attachment.ts';
import type { GatewayListeners, OwnedListeners } from './listeners.ts';
import type { AnyRoute, InvalidRules, RouteCore } from './route-core.ts';

/** A route with regard to one Gateway that it names. The same object as long as neither changes. */
export interface AttachedRoute {
  readonly core: RouteCore;
  /** Each listener once. */
  readonly attachments: readonly Attachment[];
  /** What is said of each parentRef that names this Gateway, or a ListenerSet of it; nothing where the schema refuses the route. */
  readonly reports: readonly RouteReport[];
}

/** What is said of a route with regard to one of its parents. */
export interface RouteReport {
  readonly route: AnyRoute;
  readonly ref: ParentReference;
  readonly verdicts: readonly Verdict[];
}

/**
 * Makes the pass that attaches routes to a Gateway that they name. The same pieces for the same routes as long as nothing
 * changes, whatever becomes of listeners that they do not name.
 */
export function createAttach(
  coreOf: (route: AnyRoute, resources: Resources) => RouteCore,
): (routes: Pieces<AnyRoute>, gateway: GatewayListeners, resources: Resources) => Pieces<AttachedRoute> {
  return rememberedList(ownersOf, (routes: readonly AnyRoute[], owners: Owners, resources) =>
    routes.map((route) => attachRoute(coreOf(route, resources), owners, resources)),
  );
}

/** What some routes name of a Gateway and its ListenerSets, by `ownerKey`; the same object as long as none of that changes. */
type Owners = ReadonlyMap<string, OwnedListeners>;

interface OwnersMemory {
  readonly listeners: GatewayListeners;
  readonly owners: Owners;
}

const lastOwners = new WeakMap<readonly AnyRoute[], WeakMap<Gateway, OwnersMemory>>();

function ownersOf(routes: readonly AnyRoute[], listeners: GatewayListeners): Owners {
  const { gateway, byOwner } = listeners;
  const memories = lastOwners.get(routes) ?? new WeakMap<Gateway, OwnersMemory>();
  lastOwners.set(routes, memories);
  const last = memories.get(gateway);
  if (last?.listeners === listeners) return last.owners;
  const now = new Map<string, OwnedListeners>();
  for (const key of namesOf(routes)) {
    const owner = byOwner.get(key);
    if (owner !== undefined) now.set(key, owner);
  }
  const isSame =
    last?.owners.size === now.size && now.entries().every(([key, owner]) => last.owners.get(key) === owner);
  const owners = isSame ? last.owners : now;
  memories.set(gateway, { listeners, owners });
  return owners;
}

/** Whatever some routes name as parents, by `ownerKey`. */
const namesOf = once((routes: readonly AnyRoute[]): ReadonlySet<string> => {
  const names = new Set(routes.flatMap((route) => (route.spec.parentRefs ?? []).map((ref) => parentKey(ref, route))));
  return new Set([...names].filter((name) => name !== undefined));
});

/** Attaches a route to the listeners of a Gateway that it names (Gateway API, "Attaching routes"). */
function attachRoute(core: RouteCore, owners: Owners, resources: Resources): AttachedRoute {
  const { route } = core;
  const keys = new Set((route.spec.parentRefs ?? []).map((ref) => parentKey(ref, route)));
  const parts = [...keys].flatMap((key) => {
    const owned = key === undefined ? undefined : owners.get(key);
    return owned === undefined ? [] : [attachToOwner(core, owned, resources)];
  });
  const [only, ...others] = parts;
  return only !== undefined && others.length === 0 ? only : joined(core, parts);
}

const attachToOwner: (core: RouteCore, owned: OwnedListeners, resources: Resources) => AttachedRoute = rememberedIn(
  (core: RouteCore, { owner, listeners }: OwnedListeners, resources) => {
    const { route } = core;
    const attachments = new Map<string, Attachment>();
    const reports: RouteReport[] = [];
    for (const ref of route.spec.parentRefs ?? []) {
      if (parentKey(ref, route) !== owner) continue;
      const attached = attach(route, ref, listeners, resources);
      const refused = attached.ok ? core.refused : attached.refusal;
      const told = refused ?? (core.invalid?.all === true ? core.invalid.refusal : undefined);
      const verdicts = [acceptance(told), resolution(core.unresolved), ...partial(core.invalid)];
      if (!isClosed(route)) reports.push({ route, ref, verdicts });
      // A route that is refused is attached, too: what it is for is closed.
      if (!attached.ok) continue;
      // Two parentRefs may name one listener: by its name, and by its Gateway or port.
      for (const attachment of attached.value) attachments.set(attachment.listener.name, attachment);
    }
    return { core, attachments: [...attachments.values()], reports };
  },
);

interface Joined {
  readonly parts: readonly AttachedRoute[];
  readonly whole: AttachedRoute;
}

/** By the first part: a route may be on several Gateways. */
const joinedRoutes = new WeakMap<AttachedRoute, Joined>();

/** What became of a route with each owner of listeners that it names; the same object for the same parts. */
function joined(core: RouteCore, parts: readonly AttachedRoute[]): AttachedRoute {
  const [first] = parts;
  const known = first === undefined ? undefined : joinedRoutes.get(first);
  if (known !== undefined && sameMembers(known.parts, parts)) return known.whole;
  const refs = core.route.spec.parentRefs ?? [];
  const whole = {
    core,
    attachments: parts.flatMap(({ attachments }) => attachments),
    reports: parts.flatMap(({ reports }) => reports).sort((a, b) => refs.indexOf(a.ref) - refs.indexOf(b.ref)),
  };
  if (first !== undefined) joinedRoutes.set(first, { parts, whole });
  return whole;
}

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
