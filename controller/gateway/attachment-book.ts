import type { GatewayPlace } from '../policies/policy-index.ts';
import type { Named } from '../resources/resources.ts';
import type { AttachedRoute } from './attach-routes.ts';
import type { GatewayState } from './gateways.ts';
import { gatewayPlace } from './listeners.ts';

/** A route, by what it is called. */
type RouteName = Named & { readonly kind: string };

interface Page {
  readonly state: GatewayState;
  /** The listeners that each route is attached to, by their names in xDS. */
  readonly listeners: Map<string, ReadonlyMap<string, GatewayPlace>>;
}

/** Knows which route is attached to which listeners. Only what changed since it was brought up to date is looked at. */
export class AttachmentBook {
  #pages: ReadonlyMap<string, Page> = new Map();

  /** Whether there is such a Gateway, "<namespace>/<name>". */
  has(gateway: string): boolean {
    return this.#pages.has(gateway);
  }

  /** The listeners of all Gateways that a route is attached to. */
  listenersOf(route: RouteName): readonly GatewayPlace[] {
    const key = keyOf(route);
    return [...this.#pages.values()].flatMap(({ listeners }) => [...(listeners.get(key)?.values() ?? [])]);
  }

  /** Brings the book up to date; returns whether it says anything else than before. */
  update(states: readonly GatewayState[]): boolean {
    let isOther = states.length !== this.#pages.size;
    const pages = new Map<string, Page>();
    for (const state of states) {
      const { namespace, name } = state.gateway.metadata;
      const known = this.#pages.get(`${namespace}/${name}`);
      const listeners = known?.listeners ?? new Map<string, ReadonlyMap<string, GatewayPlace>>();
      if (turn(listeners, known?.state.routes ?? [], state.routes) || known === undefined) isOther = true;
      pages.set(`${namespace}/${name}`, { state, listeners });
    }
    this.#pages = pages;
    return isOther;
  }
}

function turn(listeners: Page['listeners'], before: GatewayState['routes'], after: GatewayState['routes']): boolean {
  const gone = new Set(before);
  const came = after.filter((piece) => !gone.delete(piece)).flat();
  const left = new Set([...gone].flatMap((piece) => piece.map(({ core }) => keyOf(nameOf(core.route)))));
  let isOther = false;
  for (const { core, attachments } of came) {
    const key = keyOf(nameOf(core.route));
    const places = new Map(attachments.map(({ listener }) => [listener.name, gatewayPlace(listener)]));
    if (!left.delete(key) || !hasSameKeys(listeners.get(key), places)) isOther = true;
    listeners.set(key, places);
  }
  for (const key of left) {
    listeners.delete(key);
    isOther = true;
  }
  return isOther;
}

function nameOf({ kind, metadata }: AttachedRoute['core']['route']): RouteName {
  return { kind, name: metadata.name, namespace: metadata.namespace };
}

function keyOf({ kind, namespace, name }: RouteName): string {
  return `${kind}/${namespace}/${name}`;
}

function hasSameKeys(a: ReadonlyMap<string, unknown> | undefined, b: ReadonlyMap<string, unknown>): boolean {
  return a?.size === b.size && [...b.keys()].every((key) => a.has(key));
}
