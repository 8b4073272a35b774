import { isObject } from '#controller/api/compile.ts';
import type { Resource } from '#controller/api/gen/types.d.ts';
import { keyOf } from '../key.ts';
import type { ResourceKey } from '../provider.ts';

/** Kinds of which only objects that something refers to are read. */
export const BY_REFERENCE = ['Secret', 'ConfigMap'] as const;

/** A kind that is read by reference. */
export type ByReference = (typeof BY_REFERENCE)[number];

/** Kinds that refer to none, or name kinds without meaning an object (ReferenceGrant). */
const REFERS_TO_NONE: ReadonlySet<string> = new Set([
  'Secret',
  'ConfigMap',
  'Namespace',
  'Service',
  'ServiceImport',
  'EndpointSlice',
  'ReferenceGrant',
]);

/** So deep no reference is. */
const DEEPEST = 24;

/**
 * The Secrets and ConfigMaps that an object names, wherever in it: every reference has a `kind`, written or by default. One
 * too many is no harm: that it may be used is decided where it is.
 */
export function referencesOf(resource: Resource): readonly ResourceKey[] {
  if (REFERS_TO_NONE.has(resource.kind)) return [];
  const { metadata, kind: _, ...rest } = resource;
  const found = new Set<ResourceKey>();
  collect(rest, 'namespace' in metadata ? metadata.namespace : undefined, found, 0);
  return found.size === 0 ? NONE : [...found];
}

const NONE: readonly ResourceKey[] = [];

function collect(value: unknown, namespace: string | undefined, found: Set<ResourceKey>, depth: number): void {
  if (depth > DEEPEST || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, namespace, found, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  const { kind, name } = value;
  if ((kind === 'Secret' || kind === 'ConfigMap') && typeof name === 'string') {
    const where = typeof value['namespace'] === 'string' ? value['namespace'] : namespace;
    if (where !== undefined) found.add(keyOf('', kind, where, name));
  }
  for (const inner of Object.values(value)) collect(inner, namespace, found, depth + 1);
}
