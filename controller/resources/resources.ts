import type {
  BackendTLSPolicy,
  EndpointSlice,
  KindName,
  ReferenceGrant,
  ResourceOf,
} from '#controller/api/gen/types.d.ts';
import type { ChangedNames } from './change-log.ts';
import type { ClosedObject, ClosingKind } from './closed-object.ts';
import type { InvalidPolicy } from './invalid-policy.ts';
import type { DocumentAnswer, DocumentWant, ModuleAnswer, ModuleWant, Want } from './wants.ts';

/**
 * Everything the controller knows of the world, as one consistent state. Objects are frozen, and one that did not change
 * is the same object as before; so is a list of which no member changed.
 */
export interface Resources {
  /** The object, or `undefined` when there is none. Cluster-scoped objects have the namespace "". */
  get<K extends KindName>(kind: K, namespace: string, name: string): ResourceOf<K> | undefined;
  /** Every object of a kind, by namespace and name. */
  list<K extends KindName>(kind: K): readonly ResourceOf<K>[];
  /** The same in pieces: one is the same array as long as none of its members changed. */
  pieces<K extends KindName>(kind: K): readonly (readonly ResourceOf<K>[])[];
  /** The slices that hold the endpoints of a Service, or of a ServiceImport (see `slice-owners.ts`), by name. */
  endpointSlices(namespace: string, owner: string): readonly EndpointSlice[];
  /** The grants for references into a namespace. */
  referenceGrants(namespace: string): readonly ReferenceGrant[];
  /** The BackendTLSPolicies that target something of this name, by name. */
  tlsPolicies(namespace: string, target: string): readonly BackendTLSPolicy[];
  /** Policies that cannot be read and of which no good version is known; by namespace and name. */
  invalidPolicies(): readonly InvalidPolicy[];
  /** Objects of a kind that are refused and close what they are for, by namespace and name; the same array for the same objects. */
  closed<K extends ClosingKind>(kind: K): readonly ClosedObject<K>[];
  /** The last good answer to a want, which is thereby asked; `undefined` while there is none. */
  document(want: DocumentWant): DocumentAnswer | undefined;
  /** The same for a module. */
  module(want: ModuleWant): ModuleAnswer | undefined;
  /** Why a want could not be answered when that was tried last; `undefined` when it could, or was not tried yet. */
  failure(want: Want): string | undefined;
  /**
   * The time of this state, by which objects are judged that begin to be good, or are over. Milliseconds since the Unix epoch.
   * What is remembered does not follow it: such an object is another one when its time comes (`ResourceStore.touch`).
   */
  now(): number;
  /** A number that grows with every change of an object of a kind: while it is the same, so are they all. */
  versionOf(kind: ReadKind): number;
  /**
   * The objects of a kind that changed since its version was this one, of EndpointSlices those whose endpoints they have, of
   * BackendTLSPolicies their targets, too;
   * `undefined` when that is not known any more.
   */
  changedSince(kind: ReadKind, version: number): ChangedNames | undefined;
}

/** What is read of resources: objects of a kind, policies and others that cannot be read, answers to wants. */
export type ReadKind = KindName | 'InvalidPolicy' | 'ClosedObject' | 'Answer';

/** Identity of an object: "<kind>/<namespace>/<name>", the namespace empty for a cluster-scoped one. */
export function keyOf(object: { readonly kind: string; readonly metadata: Named }): string {
  return `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** The namespace of an object, empty for a cluster-scoped one. */
export function namespaceOf({ metadata }: { readonly metadata: Named }): string {
  return metadata.namespace ?? '';
}

/** Orders objects of a kind as lists have them, by namespace, then name: NUL is in neither, and before everything that is. */
export function tableKey(namespace: string, name: string): string {
  return `${namespace}\0${name}`;
}

/** What an object is called. */
export interface Named {
  readonly name: string;
  readonly namespace?: string;
}

/** Orders objects by namespace, then name, by code units: the same on every machine. */
export function byName(a: { readonly metadata: Named }, b: { readonly metadata: Named }): number {
  return compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') || compare(a.metadata.name, b.metadata.name);
}

/** Orders objects by age, then by namespace and name: who came first wins (Gateway API, "Conflicts"). */
export function byAge(a: { readonly metadata: Aged }, b: { readonly metadata: Aged }): number {
  return age(a.metadata) - age(b.metadata) || byName(a, b);
}

/** What an object is called, and since when it is there. */
export type Aged = Named & { readonly creationTimestamp?: string | null };

/** Objects from files carry no time of creation: they are as old as each other, and older than any that does. */
function age({ creationTimestamp }: Aged): number {
  const time = typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : 0;
  return Number.isNaN(time) ? 0 : time;
}

/** Orders text by code units. */
export function compare(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
