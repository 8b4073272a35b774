import type { ResourceKey } from './provider.ts';

/** The key of an object from its parts; `namespace` is empty for cluster-scoped kinds. */
export function keyOf(group: string, kind: string, namespace: string, name: string): ResourceKey {
  return `${group}/${kind}/${namespace}/${name}`;
}

/** The namespace in a key; empty for cluster-scoped kinds. */
export function namespaceIn(key: ResourceKey): string {
  return key.split('/')[2] ?? '';
}
