/**
 * Of an HTTPRoute and a GRPCRoute that are on one listener for the same host names only the older one is served there
 * (Gateway API, `GRPCRouteSpec.hostnames`). The other one, and one that is refused, whichever is older, takes no host name
 * from one that is served, and closes what it is for: on host names that no served one has all that it matches, on the others
 * that of its own kind, calls or requests, which would else pass by the policies that are meant for it. What a Gateway with
 * routes of one of the two kinds has costs nothing.
 */
import { byAge, type Aged } from '../resources/resources.ts';
import { wildcardsAbove } from '../resources/wildcards-above.ts';
import { once } from '../ir/once.ts';
import { type Pieces, sameMembers } from '../ir/pieces.ts';
import type { AttachedRoute, RouteReport } from './attach-routes.ts';
import { type Attachment, parentKey } from './attachment.ts';
import { covers } from './hostnames.ts';
import { ownerKey } from './listeners.ts';
import { closedForAnother, closedForItsKind } from './closed-for-its-kind.ts';
import { isAccepted, type RouteCore } from './route-core.ts';

/** Host names of routes of one kind on a listener, and whose they are. */
type Hosts = ReadonlyMap<string, readonly AttachedRoute[]>;

type Listener = Attachment['listener'];

interface Loss {
  readonly winner: AttachedRoute;
  /** The host names that are left to the route: all that it matches there is closed. */
  readonly kept: readonly string[];
  /** The host names of others under which those of the route are served, and these: what is of its kind is closed there. */
  readonly shared: ReadonlyMap<string, readonly string[]>;
}

/** A route, and the listeners on which another one has its host names. */
type Losses = ReadonlyMap<AttachedRoute, ReadonlyMap<Listener, Loss>>;

/** Closes routes on the listeners on which an older one of the other kind, or for those that are refused any, has their hosts. */
export function withoutKindConflicts(pieces: Pieces<AttachedRoute>): Pieces<AttachedRoute> {
  const calls = pieces.filter((piece) => piece[0]?.core.route.kind === 'GRPCRoute');
  const requests = pieces.filter((piece) => piece[0]?.core.route.kind === 'HTTPRoute');
  if (calls.length === 0 || requests.length === 0) return pieces;
  const losses = lossesOf(calls, requests);
  if (losses.size === 0) return pieces;
  return pieces.map((piece) => (piece.some((route) => losses.has(route)) ? reduced(piece, losses) : piece));
}

function lossesOf(calls: Pieces<AttachedRoute>, requests: Pieces<AttachedRoute>): Losses {
  const indexes = requests.map(hostsOf);
  const candidates = new Map<Listener, Set<AttachedRoute>>();
  for (const call of calls.flat()) {
    for (const { listener, hostnames } of call.attachments) {
      const rivals = indexes.flatMap((index) => sharing(index.get(listener), hostnames));
      if (rivals.length === 0) continue;
      const all = candidates.get(listener) ?? new Set();
      for (const route of [call, ...rivals]) all.add(route);
      candidates.set(listener, all);
    }
  }
  const losses = new Map<AttachedRoute, Map<Listener, Loss>>();
  const lose = (route: AttachedRoute, listener: Listener, loss: Loss): unknown =>
    losses.set(route, (losses.get(route) ?? new Map<Listener, Loss>()).set(listener, loss));
  for (const [listener, routes] of candidates) {
    const served: AttachedRoute[] = [];
    const accepted = [...routes].filter(({ core }) => isAccepted(core)).sort((a, b) => byAge(aged(a), aged(b)));
    const refused = [...routes].filter(({ core }) => !isAccepted(core));
    const lost: (readonly [loser: AttachedRoute, winner: AttachedRoute])[] = [];
    for (const route of [...accepted, ...refused]) {
      const winner = served.find((other) => isRival(other, route) && overlap(other, route, listener));
      if (winner !== undefined) lost.push([route, winner]);
      else if (isAccepted(route.core)) served.push(route);
    }
    // What is left to a loser is known when all are that are served: a younger one may have what its winner has not.
    for (const [route, winner] of lost) lose(route, listener, { winner, ...remains(route, served, listener) });
  }
  return losses;
}

/** A host name that stands for more than those of the others takes nothing from them: the most specific one has a request. */
function remains(
  route: AttachedRoute,
  served: readonly AttachedRoute[],
  listener: Listener,
): Pick<Loss, 'kept' | 'shared'> {
  const taken = new Set(served.filter((other) => isRival(other, route)).flatMap((other) => namesOn(other, listener)));
  const under = (name: string): string | undefined => narrowestFirst(name).find((wide) => taken.has(wide));
  const names = namesOn(route, listener);
  const shared = Map.groupBy(names, under);
  const kept = shared.get(undefined) ?? [];
  return {
    kept,
    shared: new Map([...shared].flatMap(([wide, those]) => (wide === undefined ? [] : [[wide, those] as const]))),
  };
}

function aged({ core }: AttachedRoute): { readonly metadata: Aged } {
  return core.route;
}

function isRival(a: AttachedRoute, b: AttachedRoute): boolean {
  return a.core.route.kind !== b.core.route.kind;
}

function overlap(a: AttachedRoute, b: AttachedRoute, listener: Listener): boolean {
  const others = namesOn(b, listener);
  return namesOn(a, listener).some((one) => others.some((other) => covers(one, other) || covers(other, one)));
}

function namesOn({ attachments }: AttachedRoute, listener: Listener): readonly string[] {
  return attachments.find((attachment) => attachment.listener === listener)?.hostnames ?? [];
}

/** The routes of an index whose host names stand for one that is among these. */
function sharing(hosts: Hosts | undefined, hostnames: readonly string[]): readonly AttachedRoute[] {
  if (hosts === undefined) return [];
  return hostnames.flatMap((hostname) => {
    const wider = narrowestFirst(hostname).flatMap((name) => hosts.get(name) ?? []);
    if (!hostname.startsWith('*')) return wider;
    const narrower = [...hosts].filter(([name]) => name !== hostname && covers(hostname, name));
    return [...wider, ...narrower.flatMap(([, routes]) => routes)];
  });
}

/** A host name and all that stand for it. */
function narrowestFirst(hostname: string): readonly string[] {
  return hostname === '*' ? ['*'] : [hostname, ...wildcardsAbove(hostname), '*'];
}

const hostsOf = once((piece: readonly AttachedRoute[]): ReadonlyMap<Listener, Hosts> => {
  const index = new Map<Listener, Map<string, AttachedRoute[]>>();
  for (const route of piece) {
    for (const { listener, hostnames } of route.attachments) {
      const hosts = index.get(listener) ?? new Map<string, AttachedRoute[]>();
      index.set(listener, hosts);
      for (const hostname of hostnames) hosts.set(hostname, [...(hosts.get(hostname) ?? []), route]);
    }
  }
  return index;
});

const reducedPieces = new WeakMap<readonly AttachedRoute[], readonly AttachedRoute[]>();

/** A piece of which routes lose; the same array as the last time while the same ones lose the same. */
function reduced(piece: readonly AttachedRoute[], losses: Losses): readonly AttachedRoute[] {
  const made = piece.map((route) => {
    const lost = losses.get(route);
    return lost === undefined ? route : without(route, lost);
  });
  const last = reducedPieces.get(piece);
  if (last?.every((route, index) => route === made[index]) === true) return last;
  reducedPieces.set(piece, made);
  return made;
}

interface Reduced {
  readonly lost: ReadonlyMap<Listener, Loss>;
  readonly route: AttachedRoute;
}

const reducedRoutes = new WeakMap<AttachedRoute, Reduced>();

function without(route: AttachedRoute, lost: ReadonlyMap<Listener, Loss>): AttachedRoute {
  const known = reducedRoutes.get(route);
  const isSame = known?.lost.size === lost.size && [...lost].every(([at, loss]) => sameLoss(known.lost.get(at), loss));
  if (isSame) return known.route;
  const attachments = route.attachments.flatMap((attachment) => {
    const loss = lost.get(attachment.listener);
    return loss === undefined ? [attachment] : closedAt(attachment, route.core, loss);
  });
  const reports = route.reports.map((report) => {
    const named = route.attachments.filter(({ listener }) => leadsTo(report, listener)).map(({ listener }) => listener);
    const winners = named.map((listener) => lost.get(listener)?.winner);
    const [winner] = winners;
    return winner === undefined || winners.includes(undefined) ? report : refusing(report, winner);
  });
  const made = { ...route, attachments, reports };
  reducedRoutes.set(route, { lost, route: made });
  return made;
}

/** What is left of an attachment: see `withoutKindConflicts`. */
function closedAt({ listener }: Attachment, core: RouteCore, { kept, shared }: Loss): readonly Attachment[] {
  if (core.kind !== 'http') return [];
  const own = kept.length === 0 ? [] : [{ listener, hostnames: kept, instead: closedForAnother(core) }];
  const others = [...shared].map(([hostname, names]) => ({
    listener,
    hostnames: [hostname],
    instead: closedForItsKind(core, names.includes(hostname) ? [] : names),
  }));
  return [...own, ...others];
}

function sameLoss(a: Loss | undefined, b: Loss): boolean {
  if (a?.winner !== b.winner || !sameMembers(a.kept, b.kept) || a.shared.size !== b.shared.size) return false;
  return [...b.shared].every(([wide, names]) => sameMembers(a.shared.get(wide) ?? [], names));
}

/** Whether a report is about a reference that names this listener, or all of its Gateway or ListenerSet. */
function leadsTo({ ref, route }: RouteReport, { owner, spec }: Listener): boolean {
  const isNamed = ref.sectionName === undefined || ref.sectionName === spec.name;
  return (
    isNamed &&
    (ref.port === undefined || ref.port === spec.port) &&
    parentKey(ref, route) === ownerKey(owner.kind, owner.metadata.namespace, owner.metadata.name)
  );
}

function refusing(report: RouteReport, { core: { route } }: AttachedRoute): RouteReport {
  const { kind, metadata } = route;
  const message = `${kind} ${metadata.namespace}/${metadata.name}, which is older, has host names of this route on the same listeners: calls and requests for one host are routed by routes of one kind, and what this one is for is closed`;
  const verdicts = report.verdicts.map((verdict) =>
    verdict.type === 'Accepted' && verdict.status === 'True'
      ? { ...verdict, status: 'False' as const, reason: 'HostnameConflict', message }
      : verdict,
  );
  return { ...report, verdicts };
}
