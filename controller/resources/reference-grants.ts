import type { Resources } from './resources.ts';

/** One end of a reference: what kind of object, and where. */
export interface ReferenceEnd {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

/**
 * Whether an object may refer to another: within its own namespace always, into another only when a ReferenceGrant
 * there says so (Gateway API, ReferenceGrant; GEP-709).
 */
export function mayRefer(
  from: ReferenceEnd,
  to: ReferenceEnd & { readonly name: string },
  resources: Resources,
): boolean {
  if (from.namespace === to.namespace) return true;
  return resources
    .referenceGrants(to.namespace)
    .some(
      ({ spec }) =>
        spec.from.some(
          ({ group, kind, namespace }) => group === from.group && kind === from.kind && namespace === from.namespace,
        ) &&
        spec.to.some(
          ({ group, kind, name }) =>
            group === to.group && kind === to.kind && (name === undefined || name === '' || name === to.name),
        ),
    );
}
