import type { ResourceKey } from './provider.ts';

/** The key of an object from its parts; `namespace` is empty for cluster-scoped kinds. */
export function keyOf(group: string, kind: string, namespace: string, name: string): ResourceKey {
  return `${group}/${kind}/${namespace}/${name}`;
}
