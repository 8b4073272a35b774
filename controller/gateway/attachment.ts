import type { ParentReference } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { intersectHostnames } from './hostnames.ts';
import { type ListenerState, ownerKey } from './listeners.ts';
import type { AnyRoute, HttpCore } from './route-core.ts';
import { allowsNamespace } from '../resources/selectors.ts';

/** Where a route is served: a listener, and the host names that both allow there. */
export interface Attachment {
  readonly listener: ListenerState;
  readonly hostnames: readonly string[];
  /** What is there in place of the route as it is written, if anything. */
  readonly instead?: HttpCore;
}

/** Why a route is not attached to a parent (condition Accepted of the route). */
export type AttachmentReason = 'NoMatchingParent' | 'NotAllowedByListeners' | 'NoMatchingListenerHostname';

/** The `ownerKey` of the Gateway or ListenerSet that a parentRef of a route names; `undefined` where it names neither. */
export function parentKey(
  { group, kind, namespace, name }: ParentReference,
  route: { readonly metadata: { readonly namespace: string } },
): string | undefined {
  if (group !== 'gateway.networking.k8s.io' || (kind !== 'Gateway' && kind !== 'ListenerSet')) return undefined;
  return ownerKey(kind, namespace ?? route.metadata.namespace, name);
}

/** Attaches a route to the `listeners` of the Gateway or ListenerSet that `ref` names (Gateway API, "Attaching routes"). */
export function attach(
  route: AnyRoute,
  ref: ParentReference,
  listeners: readonly ListenerState[],
  resources: Resources,
): Outcome<readonly Attachment[], AttachmentReason> {
  const named = listeners.filter(
    ({ spec }) =>
      (ref.sectionName === undefined || ref.sectionName === spec.name) &&
      (ref.port === undefined || ref.port === spec.port),
  );
  const parent = `${ref.kind} ${ref.namespace ?? route.metadata.namespace}/${ref.name}`;
  if (listeners.length === 0) {
    return refusal('NoMatchingParent', `${parent} has no listeners that its Gateway takes: see its status`);
  }
  if (named.length === 0) {
    const wanted = [
      ...(ref.sectionName === undefined ? [] : [`name ${ref.sectionName}`]),
      ...(ref.port === undefined ? [] : [`port ${ref.port}`]),
    ].join(' and ');
    const known = listeners.map(({ spec }) => spec.name).join(', ');
    return refusal('NoMatchingParent', `${parent} has no listener with ${wanted}; its listeners are ${known}`);
  }
  const allowing = named.filter((listener) => allows(listener, route, resources));
  if (allowing.length === 0) {
    return refusal(
      'NotAllowedByListeners',
      `no listener of ${parent} allows ${route.kind}s of namespace ${route.metadata.namespace}: see allowedRoutes`,
    );
  }
  const attachments = allowing
    .map((listener) => ({ listener, hostnames: intersectHostnames(listener.spec.hostname, hostnamesOf(route)) }))
    .filter(({ hostnames }) => hostnames.length > 0);
  if (attachments.length === 0) {
    const found = (hostnamesOf(route) ?? []).join(', ');
    const accepted = allowing.map(({ spec }) => spec.hostname ?? '*').join(', ');
    return refusal(
      'NoMatchingListenerHostname',
      `hostnames: found ${found}, the listeners of ${parent} accept ${accepted}`,
    );
  }
  return success(attachments);
}

/** The host names of a route, where its kind has any. */
function hostnamesOf({ spec }: AnyRoute): readonly string[] | undefined {
  return 'hostnames' in spec ? spec.hostnames : undefined;
}

function allows({ spec, owner, supportedKinds }: ListenerState, route: AnyRoute, resources: Resources): boolean {
  return (
    supportedKinds.some(({ kind }) => kind === route.kind) &&
    allowsNamespace(spec.allowedRoutes.namespaces, owner.metadata.namespace, route.metadata.namespace, resources)
  );
}
