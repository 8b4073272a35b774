import type { Resource, ResourceOf } from '#controller/api/gen/types.d.ts';

/**
 * The kinds of which an object that the schema refuses closes what it is for: a wider one would get that. TCPRoutes and
 * UDPRoutes are all of the same width.
 */
export const CLOSING_KINDS = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'ListenerSet'] as const;

/** One of these kinds. */
export type ClosingKind = (typeof CLOSING_KINDS)[number];

/**
 * An object that the schema refuses and of which no good version is known, with what tells for what it is and nothing else. It
 * is kept for one purpose: that answers with an error, where it would lead to something wider.
 */
export type ClosedObject<K extends ClosingKind = ClosingKind> = ResourceOf<K> & { readonly closed: true };

/** Whether an object is one that was refused. */
export function isClosed(object: Resource): boolean {
  return 'closed' in object;
}

/** Refused objects by kind. */
export type ClosedObjects = { readonly [K in ClosingKind]: readonly ClosedObject<K>[] };

/** No refused objects. */
export const NONE_CLOSED: ClosedObjects = closedByKind([]);

/** Refused objects by kind, in their order. */
export function closedByKind(objects: readonly ClosedObject[]): ClosedObjects {
  const found: { readonly [K in ClosingKind]: ClosedObject<K>[] } = {
    HTTPRoute: [],
    GRPCRoute: [],
    TLSRoute: [],
    ListenerSet: [],
  };
  for (const object of objects) {
    switch (object.kind) {
      case 'HTTPRoute':
        found.HTTPRoute.push(object);
        break;
      case 'GRPCRoute':
        found.GRPCRoute.push(object);
        break;
      case 'TLSRoute':
        found.TLSRoute.push(object);
        break;
      case 'ListenerSet':
        found.ListenerSet.push(object);
        break;
      default:
        object satisfies never;
    }
  }
  return found;
}
