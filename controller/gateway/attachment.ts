import type { HTTPRoute, ParentReference } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { intersectHostnames } from './hostnames.ts';
import type { ListenerState } from './listeners.ts';
import { allowsNamespace } from '../resources/selectors.ts';

/** Where a route is served: a listener, and the host names that both allow there. */
export interface Attachment {
  readonly listener: ListenerState;
  readonly hostnames: readonly string[];
}

/** Why a route is not attached to a parent (condition Accepted of the route). */
export type AttachmentReason = 'NoMatchingParent' | 'NotAllowedByListeners' | 'NoMatchingListenerHostname';

/** Whether a parentRef of a route names this Gateway. */
export function namesGateway(
  ref: ParentReference,
  route: { readonly metadata: { readonly namespace: string } },
  gateway: { readonly metadata: { readonly namespace: string; readonly name: string } },
): boolean {
  return (
    ref.group === 'gateway.networking.k8s.io' &&
    ref.kind === 'Gateway' &&
    ref.name === gateway.metadata.name &&
    (ref.namespace ?? route.metadata.namespace) === gateway.metadata.namespace
  );
}

/** Attaches a route to the listeners of a Gateway that `ref` names (Gateway API, "Attaching routes"). */
export function attach(
  route: HTTPRoute,
  ref: ParentReference,
  listeners: readonly ListenerState[],
  resources: Resources,
): Outcome<readonly Attachment[], AttachmentReason> {
  const named = listeners.filter(
    ({ spec }) =>
      (ref.sectionName === undefined || ref.sectionName === spec.name) &&
      (ref.port === undefined || ref.port === spec.port),
  );
  const parent = `Gateway ${ref.namespace ?? route.metadata.namespace}/${ref.name}`;
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
      `no listener of ${parent} allows HTTPRoutes of namespace ${route.metadata.namespace}: see allowedRoutes`,
    );
  }
  const attachments = allowing
    .map((listener) => ({ listener, hostnames: intersectHostnames(listener.spec.hostname, route.spec.hostnames) }))
    .filter(({ hostnames }) => hostnames.length > 0);
  if (attachments.length === 0) {
    const found = (route.spec.hostnames ?? []).join(', ');
    const accepted = allowing.map(({ spec }) => spec.hostname ?? '*').join(', ');
    return refusal(
      'NoMatchingListenerHostname',
      `hostnames: found ${found}, the listeners of ${parent} accept ${accepted}`,
    );
  }
  return success(attachments);
}

function allows({ spec, gateway, supportedKinds }: ListenerState, route: HTTPRoute, resources: Resources): boolean {
  return (
    supportedKinds.some(({ kind }) => kind === route.kind) &&
    allowsNamespace(spec.allowedRoutes.namespaces, gateway.metadata.namespace, route.metadata.namespace, resources)
  );
}
