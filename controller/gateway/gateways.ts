import type { Gateway, HTTPRoute, Listener } from '#controller/api/gen/types.d.ts';
import { byAge, compare, type Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import type { Refusal } from '../resources/verdict.ts';
import { attachRoute, type AttachedRoute } from './attach-routes.ts';
import { namesGateway } from './attachment.ts';
import type { ClassState } from './gateway-classes.ts';
import type { RouteCore } from './http-route.ts';
import { gatewayListeners, type ListenerState } from './listeners.ts';

/** A Gateway of one of our classes, with what is attached to it. */
export interface GatewayState {
  readonly gateway: Gateway;
  /** The proxy that serves it: "<namespace>/<gateway>", or the name of the class when its Gateways are merged. */
  readonly proxy: string;
  /** Why it is not served at all, or `undefined`. */
  readonly refused: Refusal | undefined;
  readonly listeners: readonly ListenerState[];
  /** Every route that names the Gateway. */
  readonly routes: readonly AttachedRoute[];
  /** What was thrown on the way here: a bug, for which the Gateway keeps what it has. */
  readonly bug?: unknown;
}

/** The Gateways of our accepted classes, older ones first: of two that claim the same the older has it. */
export function gatewayStates(
  classes: ReadonlyMap<string, ClassState>,
  resources: Resources,
  coreOf: (route: HTTPRoute) => RouteCore,
): readonly GatewayState[] {
  const gateways = resources
    .list('Gateway')
    .filter(({ spec }) => classes.get(spec.gatewayClassName)?.accepted === true)
    .toSorted(byAge);
  const routes = routesByGateway(resources.list('HTTPRoute'));
  const states: GatewayState[] = [];
  for (const gateway of gateways) {
    const { namespace, name } = gateway.metadata;
    const merged = classes.get(gateway.spec.gatewayClassName)?.mergeGateways === true;
    const proxy = merged ? gateway.spec.gatewayClassName : `${namespace}/${name}`;
    const refused = refusalOf(gateway, resources);
    try {
      const served = gatewayListeners(gateway, claimsBefore(gateway, states, proxy), resources);
      const named = routes.get(`${namespace}/${name}`) ?? [];
      const attached = named.map((route) => attachRoute(coreOf(route), served, resources));
      states.push({ gateway, proxy, refused, listeners: served.listeners, routes: attached });
    } catch (bug) {
      states.push({ gateway, proxy, refused, listeners: [], routes: [], bug });
    }
  }
  return states.sort((a, b) => compare(a.proxy, b.proxy));
}

const refusalOf = remembered((gateway: Gateway) => unimplementedFields(gateway, 'Invalid'));

const NO_CLAIMS: readonly Listener[] = [];

const lastClaims = new WeakMap<Gateway, readonly Listener[]>();

/** The listeners of the Gateways before one on the same proxy; the same array as long as they are the same. */
function claimsBefore(gateway: Gateway, states: readonly GatewayState[], proxy: string): readonly Listener[] {
  const sharing = states.filter((state) => state.proxy === proxy && state.refused === undefined);
  if (sharing.length === 0) return NO_CLAIMS;
  const claims = sharing.flatMap(({ listeners }) => listeners.filter(({ usable }) => usable).map(({ spec }) => spec));
  const last = lastClaims.get(gateway);
  if (last?.length === claims.length && claims.every((claim, index) => claim === last[index])) return last;
  lastClaims.set(gateway, claims);
  return claims;
}

/** The routes that name each Gateway, by "<namespace>/<gateway>". */
function routesByGateway(routes: readonly HTTPRoute[]): ReadonlyMap<string, readonly HTTPRoute[]> {
  const groups = new Map<string, HTTPRoute[]>();
  for (const route of routes) {
    for (const key of gatewayKeys(route)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [route]);
      else group.push(route);
    }
  }
  return groups;
}

const keysOfRoutes = new WeakMap<HTTPRoute, readonly string[]>();

function gatewayKeys(route: HTTPRoute): readonly string[] {
  const known = keysOfRoutes.get(route);
  if (known !== undefined) return known;
  const keys = (route.spec.parentRefs ?? []).map((ref) => {
    const metadata = { namespace: ref.namespace ?? route.metadata.namespace, name: ref.name };
    return namesGateway(ref, route, { metadata }) ? `${metadata.namespace}/${metadata.name}` : '';
  });
  const found = [...new Set(keys.filter((key) => key !== ''))];
  keysOfRoutes.set(route, found);
  return found;
}
