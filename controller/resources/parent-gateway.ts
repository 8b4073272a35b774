import type { ListenerSet } from '#controller/api/gen/types.d.ts';

/** What a ListenerSet adds listeners to (Gateway API, `ListenerSetSpec.parentRef`); `undefined` where it names no Gateway. */
export function parentGateway({
  metadata,
  spec: { parentRef },
}: ListenerSet): { readonly namespace: string; readonly name: string } | undefined {
  const { group, kind, namespace = metadata.namespace, name } = parentRef;
  return group === 'gateway.networking.k8s.io' && kind === 'Gateway' ? { namespace, name } : undefined;
}
