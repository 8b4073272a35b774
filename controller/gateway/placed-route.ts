import { clusterShowing, clusterWith, settingsFor } from '../backends/clusters.ts';
import type { ClientTrafficIr } from '../ir/client-traffic.ts';
import type { ClusterIr } from '../ir/cluster.ts';
import type { RouteActionIr, RouteFeaturesIr, RouteIr, RouteMatchIr, RuleFeaturesIr } from '../ir/route.ts';
import type { StreamFeaturesIr } from '../ir/listener.ts';
import type { Place } from '../policies/policy-index.ts';
import type { AttachedRoute } from './attach-routes.ts';
import type { Attachment } from './attachment.ts';
import { tableKey } from '../resources/resources.ts';
import { preflightMatch } from './cors-filter.ts';
import { covers } from './hostnames.ts';
import { filledIn } from './filled-in.ts';
import type { RuleCore } from './http-route.ts';
import { gatewayPlace, type ListenerState } from './listeners.ts';
import type { AnyRoute, HttpCore, HttpRoute } from './route-core.ts';
import { withRule } from './rule-features.ts';
import { WELL_KNOWN_PORTS } from './well-known-ports.ts';

/** A route on one listener: what it adds to each virtual host. The same object as long as it adds the same. */
export interface PlacedRoute {
  readonly route: HttpRoute;
  readonly hosts: ReadonlyMap<string, readonly RouteIr[]>;
}

/** Tells what policies add at a place. */
export interface PolicyOracle {
  /** Stands for all policies: while it is the same object, the answers are the same. */
  readonly policies: object;
  readonly featuresAt: (place: Place) => RuleFeaturesIr;
  /** The same of a route of connections. */
  readonly streamFeaturesAt: (place: Place) => StreamFeaturesIr;
  /** What is said of the clients of a listener. */
  readonly clientAt: (gateway: Place['gateway']) => ClientTrafficIr | undefined;
  /** Where the answers may differ from those of other policies; `undefined` for anywhere. */
  readonly changesSince: (policies: object) => ConcernedPlaces | undefined;
}

/** Places that something is about. */
export interface ConcernedPlaces {
  /** Gateways, as "<namespace>/<name>", with all that is on them. */
  readonly gateways: ReadonlySet<string>;
  /** ListenerSets, as "<namespace>/<name>", with all that is on them. */
  readonly sets: ReadonlySet<string>;
  /** Routes by their `tableKey`, in order. */
  readonly routes: readonly string[];
}

interface Memory {
  /** The policies that were asked last. */
  readonly policies: object;
  readonly siblings: string;
  readonly features: readonly RuleFeaturesIr[];
  readonly placed: PlacedRoute;
}

const memories = new WeakMap<Attachment, Memory>();

/** What became of routes on a listener. */
interface PieceMemory {
  readonly policies: object;
  readonly siblings: string;
  readonly placed: readonly PlacedRoute[];
}

const memoriesOfPieces = new WeakMap<readonly AttachedRoute[], WeakMap<ListenerState, PieceMemory>>();

/** Places routes on a listener, those that are attached there. The same array for the same routes while they add the same. */
export function placeRoutes(
  routes: readonly AttachedRoute[],
  listener: ListenerState,
  siblings: readonly string[],
  oracle: PolicyOracle,
): readonly PlacedRoute[] {
  const memory = memoriesOfPieces.get(routes) ?? new WeakMap<ListenerState, PieceMemory>();
  memoriesOfPieces.set(routes, memory);
  const known = memory.get(listener);
  const { policies } = oracle;
  const all = textOf(siblings);
  if (known?.policies === policies && known.siblings === all) return known.placed;
  if (known?.siblings === all && !isConcerned(routes, listener, oracle.changesSince(known.policies))) {
    memory.set(listener, { ...known, policies });
    return known.placed;
  }
  const now = routes.flatMap((route) =>
    route.attachments.flatMap((attachment) =>
      attachment.listener === listener && route.core.kind === 'http'
        ? [placeRoute(route.core, attachment, siblings, oracle)]
        : [],
    ),
  );
  const isSame = known?.placed.length === now.length && now.every((route, index) => route === known.placed[index]);
  const placed = isSame ? known.placed : now;
  memory.set(listener, { policies, siblings: all, placed });
  return placed;
}

/** Whether policies may say something else of one of these routes on a listener; the routes are in order. */
function isConcerned(
  routes: readonly AttachedRoute[],
  { gateway, owner }: ListenerState,
  places: ConcernedPlaces | undefined,
): boolean {
  if (places === undefined) return true;
  if (places.gateways.has(`${gateway.metadata.namespace}/${gateway.metadata.name}`)) return true;
  if (owner.kind === 'ListenerSet' && places.sets.has(`${owner.metadata.namespace}/${owner.metadata.name}`))
    return true;
  const [first, last] = [routes[0], routes.at(-1)];
  if (first === undefined || last === undefined) return false;
  const next = firstFrom(places.routes, first.core.route);
  return next !== undefined && next <= tableKey(last.core.route.metadata.namespace, last.core.route.metadata.name);
}

/** The first of some names that is not before that of a route. */
function firstFrom(names: readonly string[], { metadata }: AnyRoute): string | undefined {
  const key = tableKey(metadata.namespace, metadata.name);
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return names[low];
}

function textOf(siblings: readonly string[]): string {
  return siblings.length === 1 ? '' : siblings.join(' ');
}

/**
 * Places a route on a listener. `siblings` are the host names of all listeners of the socket: a host belongs to the listener
 * with the most specific one, and to no other (Gateway API, GatewayHTTPListenerIsolation).
 */
function placeRoute(
  core: HttpCore,
  attachment: Attachment,
  siblings: readonly string[],
  { policies, featuresAt }: PolicyOracle,
): PlacedRoute {
  const known = memories.get(attachment);
  const all = textOf(siblings);
  if (known?.policies === policies && known.siblings === all) return known.placed;
  const { route } = core;
  const { spec, shown } = attachment.listener;
  const gateway = gatewayPlace(attachment.listener);
  const features = core.rules.map((rule) =>
    featuresAt({
      gateway,
      route: { kind: route.kind, namespace: route.metadata.namespace, name: route.metadata.name, rule: rule.name },
    }),
  );
  if (known?.siblings === all && features.every((one, index) => one === known.features[index])) {
    memories.set(attachment, { ...known, policies });
    return known.placed;
  }
  const own = spec.hostname?.toLowerCase() ?? '*';
  const hostnames = attachment.hostnames.filter((hostname) => belongs(hostname, own, siblings));
  const hosts = new Map(
    hostnames.map((hostname) => [
      hostname,
      core.rules.flatMap((rule, index) =>
        routesOf(
          route,
          rule,
          { hostname, port: spec.port, shown: shown?.name },
          filledIn(features[index], { route, rule, listener: spec, hostname }),
        ),
      ),
    ]),
  );
  const placed = { route, hosts };
  memories.set(attachment, { policies, siblings: all, features, placed });
  return placed;
}

/** Whether no listener beside the one with `own` is more specific for a host. */
function belongs(hostname: string, own: string, siblings: readonly string[]): boolean {
  return !siblings.some((other) => other !== own && covers(own, other) && covers(other, hostname));
}

/** Where a route is. */
interface RoutePlace {
  /** Of the virtual host. */
  readonly hostname: string;
  readonly port: number;
  /** Name of the certificate that back-ends are shown. */
  readonly shown: string | undefined;
}

function routesOf(
  { kind, metadata }: HttpRoute,
  rule: RuleCore,
  place: RoutePlace,
  features: RuleFeaturesIr | undefined,
): readonly RouteIr[] {
  const prefix = `${kind.toLowerCase()}/${metadata.namespace}/${metadata.name}/rule/${rule.index}/match`;
  return rule.matches.flatMap((match, index) => {
    const name = `${prefix}/${index}/${place.hostname}`;
    const own = routeIr(name, match, rule, place, features);
    const preflight = rule.own.cors === undefined ? undefined : preflightMatch(match);
    return preflight === undefined ? [own] : [own, routeIr(`${name}/preflight`, preflight, rule, place, features)];
  });
}

function routeIr(
  name: string,
  match: RouteMatchIr,
  { requestHeaders, responseHeaders, action, own }: RuleCore,
  { hostname, port, shown }: RoutePlace,
  features: RuleFeaturesIr | undefined,
): RouteIr {
  const rest = { name, match, requestHeaders, responseHeaders };
  if (features?.kind !== 'features') return { ...rest, action: { kind: 'respond', status: 500 }, features: {} };
  const all = withRule(features.features, own, match.path);
  return { ...rest, action: at(withSettings(action, all.backend, { hostname, shown }), port), features: all };
}

/** The action with its back-ends talked to as a policy says, and shown what the Gateway has for them. */
function withSettings(
  action: RouteActionIr,
  settings: RouteFeaturesIr['backend'],
  { hostname, shown }: Pick<RoutePlace, 'hostname' | 'shown'>,
): RouteActionIr {
  if (action.kind !== 'forward' || (settings === undefined && shown === undefined)) return action;
  const wanted = settings === undefined ? undefined : settingsFor(settings, hostname);
  const made = (cluster: ClusterIr): ClusterIr => {
    const known = shown === undefined ? cluster : clusterShowing(cluster, shown);
    return wanted === undefined ? known : clusterWith(known, wanted);
  };
  const destinations = action.destinations.map((to) =>
    to.kind === 'cluster' ? { ...to, cluster: made(to.cluster) } : to,
  );
  const copies = action.mirrors?.map((mirror) => ({ ...mirror, cluster: made(mirror.cluster) }));
  return { ...action, destinations, ...(copies === undefined ? {} : { mirrors: copies }) };
}

/**
 * The port of a redirect on a listener. Without one of its own it is the listener's; one that the scheme implies is left out
 * (Gateway API, `HTTPRequestRedirectFilter.port`), save where clients have another in the host they ask for, which would
 * stay.
 */
function at(action: RouteActionIr, port: number): RouteActionIr {
  if (action.kind !== 'redirect') return action;
  const { redirect } = action;
  const isKnown = port === WELL_KNOWN_PORTS.http || port === WELL_KNOWN_PORTS.https;
  if (!isKnown) return redirect.port === undefined ? { ...action, redirect: { ...redirect, port } } : action;
  const implied = redirect.scheme === undefined ? undefined : WELL_KNOWN_PORTS[redirect.scheme];
  return redirect.port === implied ? { ...action, redirect: { ...redirect, port: undefined } } : action;
}
