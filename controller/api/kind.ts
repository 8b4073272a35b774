import type { ObjectSchema, Schema } from './schema.ts';
import { named, oneOf, required } from './schema.ts';
import { clusterMeta, namespacedMeta } from './kubernetes/object-meta.ts';

/** Whether objects of a kind live in a namespace. */
export type Scope = 'Namespaced' | 'Cluster';

/** What a kind is called, where it lives, and the shape of its objects in the version that is stored. */
export type KindSchema = {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: Scope;
  /** The version that objects have after parsing. */
  readonly storageVersion: string;
  /** Every version that is read; the others are converted to the storage version (`convert.ts`). */
  readonly versions: readonly string[];
  readonly schema: ObjectSchema;
};

type KindDefinition = {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope?: Scope;
  readonly storageVersion: string;
  readonly oldVersions?: readonly string[];
  /** The fields beside apiVersion, kind and metadata. */
  readonly body: { readonly [field: string]: Schema };
  readonly description?: string;
};

/** A kind from its definition: adds apiVersion, kind and metadata, and the defaults of the optional parts. */
export function defineKind(definition: KindDefinition): KindSchema {
  const scope = definition.scope ?? 'Namespaced';
  const schema = named(
    definition.kind,
    {
      apiVersion: required(oneOf([apiVersionOf(definition.group, definition.storageVersion)])),
      kind: required(oneOf([definition.kind])),
      metadata: required(scope === 'Cluster' ? clusterMeta : namespacedMeta),
      ...definition.body,
    },
    definition.description === undefined ? {} : { description: definition.description },
  );
  return {
    group: definition.group,
    kind: definition.kind,
    plural: definition.plural,
    shortNames: definition.shortNames ?? [],
    categories: definition.categories ?? [],
    scope,
    storageVersion: definition.storageVersion,
    versions: [definition.storageVersion, ...(definition.oldVersions ?? [])],
    schema,
  };
}

/** The text of `apiVersion`: the core group has none. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The group and version in an `apiVersion`; undefined when it is not of that form. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } | undefined {
  const parts = apiVersion.split('/');
  const [first, second] = parts;
  if (first === undefined || first === '' || parts.length > 2) return undefined;
  if (second === undefined) return { group: '', version: first };
  return second === '' ? undefined : { group: first, version: second };
}
