import { kindOf } from '#controller/api/registry.ts';
import type { Resource } from '#controller/api/gen/types.d.ts';
import type { ResourceKey } from './provider.ts';

/** The key of an object from its parts; `namespace` is empty for cluster-scoped kinds. */
export function keyOf(group: string, kind: string, namespace: string, name: string): ResourceKey {
  return `${group}/${kind}/${namespace}/${name}`;
}

/** The key of a resource. */
export function keyOfResource(resource: Resource): ResourceKey {
  const namespace = 'namespace' in resource.metadata ? resource.metadata.namespace : '';
  return keyOf(kindOf(resource.kind).group, resource.kind, namespace, resource.metadata.name);
}
