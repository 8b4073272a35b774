import type { Gateway, ListenerSet } from '#controller/api/gen/types.d.ts';
import type { Resources } from './resources.ts';
import { allowsNamespace } from './selectors.ts';

/** What a ListenerSet adds listeners to (Gateway API, `ListenerSetSpec.parentRef`); `undefined` where it names no Gateway. */
export function parentGateway({
  metadata,
  spec: { parentRef },
}: ListenerSet): { readonly namespace: string; readonly name: string } | undefined {
  const { group, kind, namespace = metadata.namespace, name } = parentRef;
  return group === 'gateway.networking.k8s.io' && kind === 'Gateway' ? { namespace, name } : undefined;
}

/** Whether a Gateway takes the listeners of a set that names it (Gateway API, `GatewaySpec.allowedListeners`: without a word of it, none). */
export function takesSet(
  { metadata, spec: { allowedListeners } }: Gateway,
  set: ListenerSet,
  resources: Resources,
): boolean {
  const { from = 'None', ...rest } = allowedListeners?.namespaces ?? {};
  return from !== 'None' && allowsNamespace({ ...rest, from }, metadata.namespace, set.metadata.namespace, resources);
}
