import { clusterShowing, clusterWith, settingsFor } from '../backends/clusters.ts';
import type { ClientTrafficIr } from '../ir/client-traffic.ts';
import type { ClusterIr } from '../ir/cluster.ts';
import type { RouteActionIr, RouteFeaturesIr, RouteIr, RouteMatchIr, RuleFeaturesIr } from '../ir/route.ts';
import type { StreamFeaturesIr } from '../ir/listener.ts';
import type { Place } from '../policies/policy-index.ts';
import type { Attachment } from './attachment.ts';
import { preflightMatch } from './cors-filter.ts';
import { filledIn } from './filled-in.ts';
import type { RuleCore } from './http-route.ts';
import { gatewayPlace } from './listeners.ts';
import type { HttpCore, HttpRoute } from './route-core.ts';
import { withRule } from './rule-features.ts';
import type { Siblings } from './siblings.ts';
import { WELL_KNOWN_PORTS } from './well-known-ports.ts';

/** A route on one listener: what it adds to each virtual host. The same object as long as it adds the same. */
export interface PlacedRoute {
  readonly route: HttpRoute;
  readonly hosts: ReadonlyMap<string, readonly RouteIr[]>;
  /** What policies add to each rule. */
  readonly features: readonly RuleFeaturesIr[];
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

/**
 * Places a route on a listener: there are hosts that belong to none but a more specific one of its `siblings`. `last` is what
 * came of the same attachment before.
 */
export function placeRoute(
  core: HttpCore,
  attachment: Attachment,
  siblings: Siblings,
  { featuresAt }: PolicyOracle,
  last: PlacedRoute | undefined,
): PlacedRoute {
  const { route } = core;
  const { spec, shown } = attachment.listener;
  const gateway = gatewayPlace(attachment.listener);
  const features = core.rules.map((rule) =>
    featuresAt({
      gateway,
      route: { kind: route.kind, namespace: route.metadata.namespace, name: route.metadata.name, rule: rule.name },
    }),
  );
  const own = spec.hostname?.toLowerCase() ?? '*';
  const hostnames = attachment.hostnames.filter((hostname) => siblings.belongs(hostname, own));
  const isSame =
    last?.hosts.size === hostnames.length &&
    hostnames.every((hostname) => last.hosts.has(hostname)) &&
    features.every((one, index) => one === last.features[index]);
  if (isSame) return last;
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
  return { route, hosts, features };
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
 * (Gateway API, `HTTPRequestRedirectFilter.port`), save where clients have another in the host they ask for and that host
 * stays, with its port.
 */
function at(action: RouteActionIr, port: number): RouteActionIr {
  if (action.kind !== 'redirect') return action;
  const { redirect } = action;
  const isKnown = port === WELL_KNOWN_PORTS.http || port === WELL_KNOWN_PORTS.https;
  if (!isKnown && redirect.port === undefined) return { ...action, redirect: { ...redirect, port } };
  if (!isKnown && redirect.hostname === undefined) return action;
  const implied = redirect.scheme === undefined ? undefined : WELL_KNOWN_PORTS[redirect.scheme];
  return redirect.port === implied ? { ...action, redirect: { ...redirect, port: undefined } } : action;
}
