import type { Gateway, HTTPRoute } from '#controller/api/gen/types.d.ts';
import { byAge, compare, type Resources } from '../resources/resources.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import type { Refusal } from '../resources/verdict.ts';
import { attachRoutes, type AttachedRoutes } from './attach-routes.ts';
import { namesGateway } from './attachment.ts';
import type { ClassState } from './gateway-classes.ts';
import type { RouteCore } from './http-route.ts';
import { type ListenerState, listenerStates } from './listeners.ts';

/** A Gateway of one of our classes, with what is attached to it. */
export interface GatewayState {
  readonly gateway: Gateway;
  /** The proxy that serves it: "<namespace>/<gateway>", or the name of the class when its Gateways are merged. */
  readonly proxy: string;
  /** Why it is not served at all, or `undefined`. */
  readonly refused: Refusal | undefined;
  readonly listeners: readonly ListenerState[];
  readonly attached: AttachedRoutes;
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
    const refused = unimplementedFields(gateway, 'Invalid');
    const earlier = states
      .filter((state) => state.proxy === proxy && state.refused === undefined)
      .flatMap(({ listeners }) => listeners.filter(({ usable }) => usable).map(({ spec }) => spec));
    const listeners = listenerStates(gateway, earlier, resources);
    const candidates = routes.get(`${namespace}/${name}`) ?? [];
    const attached = attachRoutes(gateway, listeners, candidates, coreOf, resources);
    states.push({ gateway, proxy, refused, listeners, attached });
  }
  return states.sort((a, b) => compare(a.proxy, b.proxy));
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

function gatewayKeys(route: HTTPRoute): ReadonlySet<string> {
  const keys = (route.spec.parentRefs ?? []).map((ref) => {
    const metadata = { namespace: ref.namespace ?? route.metadata.namespace, name: ref.name };
    return namesGateway(ref, route, { metadata }) ? `${metadata.namespace}/${metadata.name}` : '';
  });
  return new Set(keys.filter((key) => key !== ''));
}
