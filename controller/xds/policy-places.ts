/**
 * Where in the chain of filters a route's requests meet the `policy` module.
 *
 * Envoy chooses the filters of a request by its first route, and they stay those of that route however the request changes.
 * So the first route must turn on all that any route needs to which the request may come:
 *
 * - A policy of its own: the first place; one whose users log in: the sidecar, and the place `login` behind it.
 * - Filters of users on it, which may change everything: behind them the place `after` evaluates the policy of the route to
 *   which the request has come by then, if any route of the RouteConfiguration has one, and `recheck` when that may write
 *   headers again.
 * - A policy that writes a header by which a route of the host is matched: `recheck`. Where no route is matched by what is
 *   written, Envoy chooses the same route again, and nothing has to look. The recheck refuses a request that has come to a
 *   route with filters of users: they have not run. (Where a filter of a user leads from one such route to another, the gate
 *   behind them all refuses what lacks the second one's: `features/asked`.)
 *
 * Where a patch changes the filters of the listener, every route is as if it had filters of users: what is added may write
 * anything.
 *
 * Where claims alone are written, and may not lead anywhere (`recomputeRoute`), the route writes them itself, last of all: then nothing
 * leads away from it. Not so with filters of users, which are to see them.
 *
 * Routes that nothing leads away from turn on nothing for the sake of others.
 */
import type { OidcIr } from '../ir/oidc.ts';
import type { Pieces } from '../ir/pieces.ts';
import { type RouteFeaturesIr, type RouteIr, serversAsked } from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { once } from '../ir/once.ts';
import { policyBytes } from './policy-filter.ts';

/** What a RouteConfiguration says of all its routes. */
export interface Surroundings {
  readonly hasPolicies: boolean;
  /** Whether any policy may write request headers. */
  readonly hasWriters: boolean;
  /** Whether routes may be matched by more than their IR says: they are patched. */
  readonly isPatched: boolean;
  /** Whether the filters that all requests go through are patched. */
  readonly hasPatchedFilters: boolean;
}

/** The places that a route turns on. */
export interface PolicyPlaces {
  readonly first: boolean;
  /** How its users log in, where they do. */
  readonly login: OidcIr | undefined;
  readonly after: boolean;
  readonly recheck: boolean;
  /** Whether the route writes the headers that claims fill, so that none of them leads away from it. */
  readonly stays: boolean;
}

/** What all routes of a RouteConfiguration have in common. */
export function surroundings(
  hosts: Pieces<VirtualHostIr>,
  isPatched: boolean,
  hasPatchedFilters = false,
): Surroundings {
  const facts = hosts.map(factsOfAll);
  return {
    hasPolicies: facts.some(({ hasPolicies }) => hasPolicies),
    hasWriters: facts.some(({ hasWriters }) => hasWriters),
    isPatched,
    hasPatchedFilters,
  };
}

/** What of their surroundings hosts depend on, as text. */
export function dependence(hosts: readonly VirtualHostIr[], around: Surroundings): string {
  if (around.hasPatchedFilters) return JSON.stringify(around);
  const facts = factsOfAll(hosts);
  if (!facts.hasUsersFilters && !facts.hasWriters && !facts.hasLimits) return '';
  const ofOthers = facts.hasUsersFilters && [around.hasPolicies, around.hasWriters];
  return [ofOthers, facts.hasWriters && around.isPatched, facts.hasLimits && around.hasWriters].join();
}

/** The places that a route of a host turns on. */
export function policyPlaces({ features }: RouteIr, host: VirtualHostIr, around: Surroundings): PolicyPlaces {
  const policy = policyBytes(features);
  const mayBeLedAway = hasUsersFilters(features) || around.hasPatchedFilters;
  const after = mayBeLedAway && around.hasPolicies;
  const written = policy?.writes ?? [];
  const { matchedHeaders } = hostFacts(host);
  // What the filter of gRPC-Web has rewritten counts from the moment at which a policy's own write has the route chosen anew.
  const isOfWeb =
    features.grpcWeb === true && written.length > 0 && GRPC_WEB.some((name) => matchedHeaders.has(spelt(name)));
  const leadsAway = isOfWeb || written.some((name) => around.isPatched || matchedHeaders.has(spelt(name)));
  // A header that is removed for being spelt like one of them makes Envoy choose the route anew all the same.
  const isSpeltAnew = written.some((name) => matchedHeaders.get(spelt(name))?.some((other) => other !== name) === true);
  const mayStay = policy !== undefined && policy.stays.length > 0 && !mayBeLedAway && !isSpeltAnew && !isOfWeb;
  const stays = leadsAway && mayStay;
  return {
    first: policy !== undefined,
    login: features.oidc,
    after,
    recheck: after ? around.hasWriters : leadsAway && !stays,
    stays,
  };
}

/** The request headers that Envoy's filter `grpc_web` writes. */
const GRPC_WEB = ['content-type', 'te', 'grpc-accept-encoding'] as const;

/**
 * The digit before the name of a route's counters: which places leave the counting to a later one. The place
 * behind users' filters may be that of another route, from which requests came here: `recheck` follows it wherever any policy
 * writes headers.
 */
export function leavesCounting({ after, recheck }: PolicyPlaces, { hasWriters }: Surroundings): number {
  return (after || recheck ? 1 : 0) + (hasWriters ? 2 : 0);
}

/**
 * Whether the requests of a route go through code that is not ours, or through filters of Envoy's own that write headers or
 * without which nobody may come to the route: a header that is written later must not lead past those.
 */
function hasUsersFilters(features: RouteFeaturesIr): boolean {
  const { extProc = [], wasm = [], basicAuth, apiKeyAuth, csrf } = features;
  const asksWho = (basicAuth ?? apiKeyAuth ?? csrf) !== undefined || serversAsked(features).length > 0;
  return extProc.length > 0 || wasm.length > 0 || asksWho;
}

/** What headers have in common that some programs take for one (see `findVariant` of the filters' SDK). */
function spelt(name: string): string {
  return name.replaceAll('_', '-');
}

const hostFacts = once(({ routes }: VirtualHostIr) => {
  const policies = routes.map(({ features }) => policyBytes(features)).filter((policy) => policy !== undefined);
  return {
    hasPolicies: policies.length > 0,
    hasWriters: policies.some(({ writes }) => writes.length > 0),
    hasLimits: policies.some(({ hasLimits }) => hasLimits),
    hasUsersFilters: routes.some(({ features }) => hasUsersFilters(features)),
    matchedHeaders: Map.groupBy(
      routes.flatMap(({ match }) => [
        ...match.headers.map(({ name }) => name),
        ...(match.cookies === undefined ? [] : ['cookie']),
      ]),
      spelt,
    ),
  };
});

const factsOfAll = once((hosts: readonly VirtualHostIr[]) => {
  const facts = hosts.map(hostFacts);
  return {
    hasPolicies: facts.some(({ hasPolicies }) => hasPolicies),
    hasWriters: facts.some(({ hasWriters }) => hasWriters),
    hasLimits: facts.some(({ hasLimits }) => hasLimits),
    hasUsersFilters: facts.some(({ hasUsersFilters: has }) => has),
  };
});
