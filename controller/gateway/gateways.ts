import type { EnvoyProxy, Gateway, ListenerSet } from '#controller/api/gen/types.d.ts';
import { byAge, compare, type Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import { type Pieces, sameMembers } from '../ir/pieces.ts';
import { addressProblem } from './addresses.ts';
import type { AttachedRoute } from './attach-routes.ts';
import { parentKey } from './attachment.ts';
import type { Claimant } from './conflicts.ts';
import type { ClassState } from './gateway-classes.ts';
import { gatewayTls } from './gateway-tls.ts';
import { withoutKindConflicts } from './kind-conflicts.ts';
import { createListenerSetIndex, type ListenerSetIndex } from './listener-sets.ts';
import {
  type GatewayListeners,
  gatewayListeners,
  type ListenerState,
  type ListenerSurroundings,
  type SetState,
} from './listeners.ts';
import { type OverlapVerdicts, overlapVerdicts } from './overlapping-tls.ts';
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
  /** What is said of `spec.tls`; nothing where there is none. */
  readonly tls: readonly Verdict[];
  /** Its own, then those of its ListenerSets. */
  readonly listeners: readonly ListenerState[];
  /** What is said of those whose TLS overlaps with that of another one that its proxy serves. */
  readonly overlaps: OverlapVerdicts;
  /** The ListenerSets that name it. */
  readonly sets: readonly SetState[];
  /** What it claims; later Gateways on the same proxy do not get it. */
  readonly claimants: readonly Claimant[];
  /** Every route that names the Gateway, or a ListenerSet of it. */
  readonly routes: Pieces<AttachedRoute>;
  /** What was thrown on the way here: a bug, for which the Gateway keeps what it has. */
  readonly bug?: unknown;
}

/** Attaches routes that name a Gateway to it. The same pieces for the same routes as long as nothing changes. */
export type Attach = (routes: Pieces<AnyRoute>, gateway: GatewayListeners) => Pieces<AttachedRoute>;

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
  const indexOf = createListenerSetIndex();
  const overlapsOf = createOverlapPass();
  return (classes, resources, attach) => {
    const gateways = resources.list('Gateway').toSorted(byAge);
    const index = indexOf(resources);
    const closed = CLOSING_ROUTES.map((kind) => resources.closed(kind)).filter(({ length }) => length > 0);
    const routes = routesByGateway(
      [...ROUTE_KINDS.flatMap((kind): Pieces<AnyRoute> => resources.pieces(kind)), ...closed],
      index.gateways,
    );
    const hasCalls = resources.pieces('GRPCRoute').length + resources.closed('GRPCRoute').length > 0;
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
        const served = gatewayListeners(
          gateway,
          surroundingsOf(gateway, claimsBefore(states, proxy), index.of(`${namespace}/${name}`)),
          resources,
        );
        const named = routes.get(`${namespace}/${name}`) ?? [];
        const pieces = attach(named, served);
        const attached = hasCalls ? withoutKindConflicts(pieces) : pieces;
        const { listeners, sets, claimants } = served;
        const { verdicts: tls } = gatewayTls(gateway, resources);
        const rest = { tls, listeners, sets, claimants, routes: attached };
        states.push({ gateway, proxy, merged, parameters, refused, overlaps: NO_OVERLAPS, ...rest });
      } catch (bug) {
        states.push({
          gateway,
          proxy,
          merged,
          parameters,
          refused,
          tls: [],
          listeners: [],
          overlaps: NO_OVERLAPS,
          sets: [],
          claimants: [],
          routes: [],
          bug,
        });
      }
    }
    const overlaps = overlapsOf(states);
    const same = states.map((state) =>
      sameAs(last.get(state.gateway), { ...state, overlaps: overlaps.get(state.proxy) ?? NO_OVERLAPS }),
    );
    last = new Map(same.map((state) => [state.gateway, state]));
    return same.sort((a, b) => compare(a.proxy, b.proxy));
  };
}

const CLOSING_ROUTES = ['HTTPRoute', 'GRPCRoute', 'TLSRoute'] as const;

const NO_OVERLAPS: OverlapVerdicts = new Map();

/** Makes the pass that finds what overlaps on each proxy; the same map as long as the listeners there are the same. */
function createOverlapPass(): (states: readonly GatewayState[]) => ReadonlyMap<string, OverlapVerdicts> {
  type Known = { readonly lists: Pieces<ListenerState>; readonly verdicts: OverlapVerdicts };
  let last: ReadonlyMap<string, Known> = new Map();
  return (states) => {
    const served = Map.groupBy(
      states.filter(({ refused }) => refused === undefined),
      ({ proxy }) => proxy,
    );
    last = new Map(
      [...served].map(([proxy, gateways]) => {
        const lists = gateways.map(({ listeners }) => listeners);
        const known = last.get(proxy);
        if (known !== undefined && sameMembers(known.lists, lists)) return [proxy, known];
        return [proxy, { lists, verdicts: overlapVerdicts(lists.flat()) }];
      }),
    );
    return new Map([...last].map(([proxy, { verdicts }]) => [proxy, verdicts]));
  };
}

function sameAs(last: GatewayState | undefined, now: GatewayState): GatewayState {
  const isSame =
    last !== undefined &&
    last.proxy === now.proxy &&
    last.merged === now.merged &&
    last.parameters === now.parameters &&
    last.refused === now.refused &&
    last.tls === now.tls &&
    last.listeners === now.listeners &&
    last.overlaps === now.overlaps &&
    last.sets === now.sets &&
    sameMembers(last.routes, now.routes);
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

/** What the Gateways before one on the same proxy claim. */
function claimsBefore(states: readonly GatewayState[], proxy: string): readonly Claimant[] {
  return states
    .filter((state) => state.proxy === proxy && state.refused === undefined)
    .flatMap(({ claimants }) => claimants);
}

const lastSurroundings = new WeakMap<Gateway, ListenerSurroundings>();

/** The same object as long as it says the same. */
function surroundingsOf(
  gateway: Gateway,
  earlier: readonly Claimant[],
  sets: readonly ListenerSet[],
): ListenerSurroundings {
  const last = lastSurroundings.get(gateway);
  if (last?.sets === sets && sameMembers(last.earlier, earlier)) return last;
  const now = { earlier, sets };
  lastSurroundings.set(gateway, now);
  return now;
}

type SetGateways = ListenerSetIndex['gateways'];

/** The routes that name each Gateway or a ListenerSet of it, by "<namespace>/<gateway>". */
function routesByGateway(pieces: Pieces<AnyRoute>, sets: SetGateways): ReadonlyMap<string, Pieces<AnyRoute>> {
  const gateways = new Map<string, (readonly AnyRoute[])[]>();
  for (const piece of pieces) {
    for (const [key, routes] of byGateway(piece, sets)) {
      const known = gateways.get(key);
      if (known === undefined) gateways.set(key, [routes]);
      else known.push(routes);
    }
  }
  return gateways;
}

interface Groups {
  readonly sets: SetGateways;
  readonly byGateway: ReadonlyMap<string, readonly AnyRoute[]>;
}

const groupsOfPieces = new WeakMap<readonly AnyRoute[], Groups>();

/** A group is the same array as long as it has the same members, whatever sets come and go. */
function byGateway(piece: readonly AnyRoute[], sets: SetGateways): ReadonlyMap<string, readonly AnyRoute[]> {
  const known = groupsOfPieces.get(piece);
  if (known?.sets === sets) return known.byGateway;
  const groups = new Map<string, AnyRoute[]>();
  for (const route of piece) {
    for (const key of gatewayKeys(route, sets)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [route]);
      else group.push(route);
    }
  }
  const kept = new Map<string, readonly AnyRoute[]>(groups);
  for (const [key, last] of known?.byGateway ?? []) {
    const group = groups.get(key);
    if (group !== undefined && sameMembers(last, group)) kept.set(key, last);
  }
  groupsOfPieces.set(piece, { sets, byGateway: kept });
  return kept;
}

/** The Gateways that a route names, itself or by their ListenerSets, each once, as "<namespace>/<gateway>". */
function gatewayKeys(route: AnyRoute, sets: SetGateways): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const ref of route.spec.parentRefs ?? []) {
    if (parentKey(ref, route) === undefined) continue;
    const name = `${ref.namespace ?? route.metadata.namespace}/${ref.name}`;
    const gateway = ref.kind === 'Gateway' ? name : sets.get(name);
    if (gateway !== undefined) keys.add(gateway);
  }
  return keys;
}
