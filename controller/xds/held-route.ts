/**
 * What a route is in place of one that must wait, because the proxy rejected it, or rejected or still warms what it leads to or
 * asks: what served last, under the policies of now. A policy that was added since must not wait with it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RouteFeaturesIr, RouteIr } from '../ir/route.ts';
import { sharedId } from './policy-filter.ts';

/**
 * What serves in place of `route`, which was `good` when it served last; `undefined` where nothing may, and it must answer with
 * an error. `isRejected` says that the proxy rejects the route itself, or may.
 *
 * While the same guards it, it stays as it was, whole: no more than that is known to be taken. Else it gets the guards of now,
 * and goes by what these ask; not where they may be what the proxy rejects. With another match it does not serve: names go by
 * index, so that it may be another rule, and its place among the routes is that of the match of now.
 */
export function heldRoute(route: RouteIr, good: RouteIr, isRejected: boolean): RouteIr | undefined {
  const last = held.get(route);
  const known = last?.good === good ? last : { good, guarded: underGuards(route, good) };
  held.set(route, known);
  return known.guarded !== good && isRejected ? undefined : known.guarded;
}

/** Whether a route refuses every request: its policies cannot be enforced, its rule is not valid, or nothing may serve for it. */
export function refusesAll({ action }: RouteIr): boolean {
  return action.kind === 'respond' && action.status === 500;
}

/** What was made last of each route: the same object again, so that it counts as no change. */
const held = new WeakMap<RouteIr, { readonly good: RouteIr; readonly guarded: RouteIr | undefined }>();

function underGuards(route: RouteIr, good: RouteIr): RouteIr | undefined {
  if (refusesAll(route) || refusesAll(good) || !isDeepStrictEqual(route.match, good.match)) return undefined;
  if (hasSameGuards(route.features, good.features)) return good;
  return { ...good, features: { ...only(good.features, 'rest'), ...only(route.features, 'guard') } };
}

/** A policy that is shared by name is in force in every route that names it, whatever it says by now. */
function hasSameGuards(a: RouteFeaturesIr, b: RouteFeaturesIr): boolean {
  return a === b || isDeepStrictEqual(named(a), named(b));
}

function named(features: RouteFeaturesIr): object {
  const { shared, ...own } = only(features, 'guard');
  return { ...own, shared: shared === undefined ? undefined : (sharedId(shared) ?? '') };
}

/** Whether a feature decides about requests, or goes with where they are led. A new one must say it here. */
const ROLE: { readonly [F in keyof Required<RouteFeaturesIr>]: 'guard' | 'rest' } = {
  source: 'guard',
  jwt: 'guard',
  authorization: 'guard',
  oidc: 'guard',
  rateLimit: 'guard',
  // Back-ends are told by it who asks.
  headerRewrite: 'guard',
  cors: 'guard',
  csrf: 'guard',
  backend: 'rest',
  hashes: 'rest',
  timeouts: 'rest',
  retry: 'rest',
  session: 'rest',
  externalAuth: 'guard',
  extAuth: 'guard',
  basicAuth: 'guard',
  apiKeyAuth: 'guard',
  credential: 'rest',
  grpcWeb: 'rest',
  fault: 'rest',
  requestBuffer: 'guard',
  compressors: 'rest',
  responseOverrides: 'rest',
  bandwidth: 'rest',
  upgrades: 'rest',
  statName: 'rest',
  extProc: 'guard',
  wasm: 'guard',
  shared: 'guard',
};

function only(features: RouteFeaturesIr, wanted: 'guard' | 'rest'): RouteFeaturesIr {
  const found = { ...features };
  for (const [name, role] of Object.entries(ROLE)) if (role !== wanted) Reflect.deleteProperty(found, name);
  return found;
}
