import type { EnvoyProxy, Gateway, Listener } from '#controller/api/gen/types.d.ts';
import { byAge, compare, type Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import type { Refusal } from '../resources/verdict.ts';
import type { Pieces } from '../ir/pieces.ts';
import { addressProblem } from './addresses.ts';
import type { AttachedRoute } from './attach-routes.ts';
import { names } from './attachment.ts';
import type { ClassState } from './gateway-classes.ts';
import { withoutKindConflicts } from './kind-conflicts.ts';
import { type GatewayListeners, gatewayListeners, type ListenerState } from './listeners.ts';
import { gatewayParameters } from './parameters.ts';
import { type AnyRoute, ROUTE_KINDS } from './route-core.ts';

/** A Gateway of one of our classes, with what is attached to it; the same object as long as none of it changes. */
export interface GatewayState {
  readonly gateway: Gateway;
  /** The proxy that serves it: "<namespace>/<gateway>", or the name of the class when its Gateways are merged. */
  readonly proxy: string;
  /** Whether other Gateways of its class are served by the same proxy. */
  readonly merged: boolean;
  /** How the proxy runs, `undefined` where nobody says. */
  readonly parameters: EnvoyProxy | undefined;
  /** Why it is not served at all, or `undefined`. */
  readonly refused: Refusal | undefined;
  readonly listeners: readonly ListenerState[];
  /** Every route that names the Gateway. */
  readonly routes: Pieces<AttachedRoute>;
  /** What was thrown on the way here: a bug, for which the Gateway keeps what it has. */
  readonly bug?: unknown;
}

/** Attaches routes that name a Gateway to it. The same array for the same routes as long as nothing changes. */
export type Attach = (routes: readonly AnyRoute[], gateway: GatewayListeners) => readonly AttachedRoute[];

/**
 * Makes the pass that finds the Gateways of our accepted classes, older ones first: of two that claim the same the older has
 * it.
 */
export function createGatewayPass(): (
  classes: ReadonlyMap<string, ClassState>,
  resources: Resources,
  attach: Attach,
) => readonly GatewayState[] {
  let last: ReadonlyMap<Gateway, GatewayState> = new Map();
  return (classes, resources, attach) => {
    const gateways = resources.list('Gateway').toSorted(byAge);
    const routes = routesByGateway(ROUTE_KINDS.flatMap((kind): Pieces<AnyRoute> => resources.pieces(kind)));
    const states: GatewayState[] = [];
    for (const gateway of gateways) {
      const ofClass = classes.get(gateway.spec.gatewayClassName);
      if (ofClass?.accepted !== true) continue;
      const { namespace, name } = gateway.metadata;
      const merged = ofClass.mergeGateways;
      const proxy = merged ? gateway.spec.gatewayClassName : `${namespace}/${name}`;
      const found = gatewayParameters(gateway, ofClass, resources);
      const parameters = found.ok ? found.value : undefined;
      const refused = found.ok ? refusalOf(gateway, resources) : sameRefusal(gateway, found.refusal);
      try {
        const served = gatewayListeners(gateway, claimsBefore(gateway, states, proxy), resources);
        const named = routes.get(`${namespace}/${name}`) ?? [];
        const attached = withoutKindConflicts(named.map((piece) => attach(piece, served)));
        const rest = { listeners: served.listeners, routes: attached };
        const state = { gateway, proxy, merged, parameters, refused, ...rest };
        states.push(sameAs(last.get(gateway), state));
      } catch (bug) {
        states.push({ gateway, proxy, merged, parameters, refused, listeners: [], routes: [], bug });
      }
    }
    last = new Map(states.map((state) => [state.gateway, state]));
    return states.sort((a, b) => compare(a.proxy, b.proxy));
  };
}

function sameAs(last: GatewayState | undefined, now: GatewayState): GatewayState {
  const isSame =
    last !== undefined &&
    last.proxy === now.proxy &&
    last.merged === now.merged &&
    last.parameters === now.parameters &&
    last.refused === now.refused &&
    last.listeners === now.listeners &&
    last.routes.length === now.routes.length &&
    last.routes.every((piece, index) => piece === now.routes[index]);
  return isSame ? last : now;
}

const refusalOf = remembered(
  (gateway: Gateway): Refusal | undefined => addressProblem(gateway) ?? unimplementedFields(gateway, 'Invalid'),
);

const lastRefusals = new WeakMap<Gateway, Refusal>();

/** The same object for the same refusal of a Gateway. */
function sameRefusal(gateway: Gateway, refusal: Refusal): Refusal {
  const last = lastRefusals.get(gateway);
  if (last?.message === refusal.message) return last;
  lastRefusals.set(gateway, refusal);
  return refusal;
}

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
function routesByGateway(pieces: Pieces<AnyRoute>): ReadonlyMap<string, Pieces<AnyRoute>> {
  const gateways = new Map<string, (readonly AnyRoute[])[]>();
  for (const piece of pieces) {
    for (const [key, routes] of byGateway(piece)) {
      const known = gateways.get(key);
      if (known === undefined) gateways.set(key, [routes]);
      else known.push(routes);
    }
  }
  return gateways;
}

const groupsOfPieces = new WeakMap<readonly AnyRoute[], ReadonlyMap<string, readonly AnyRoute[]>>();

function byGateway(piece: readonly AnyRoute[]): ReadonlyMap<string, readonly AnyRoute[]> {
  const known = groupsOfPieces.get(piece);
  if (known !== undefined) return known;
  const groups = new Map<string, AnyRoute[]>();
  for (const route of piece) {
    for (const key of gatewayKeys(route)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [route]);
      else group.push(route);
    }
  }
  groupsOfPieces.set(piece, groups);
  return groups;
}

const keysOfRoutes = new WeakMap<AnyRoute, readonly string[]>();

/** The Gateways that a route names, each once, as "<namespace>/<gateway>". */
export function gatewayKeys(route: AnyRoute): readonly string[] {
  const known = keysOfRoutes.get(route);
  if (known !== undefined) return known;
  const keys = (route.spec.parentRefs ?? []).map((ref) => {
    const metadata = { namespace: ref.namespace ?? route.metadata.namespace, name: ref.name };
    return names(ref, route, { kind: 'Gateway', metadata }) ? `${metadata.namespace}/${metadata.name}` : '';
  });
  const found = [...new Set(keys.filter((key) => key !== ''))];
  keysOfRoutes.set(route, found);
  return found;
}
