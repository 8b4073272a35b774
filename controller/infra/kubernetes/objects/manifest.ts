import type { Json } from '#controller/api/gen/types.d.ts';

/** A part of an object of Kubernetes, as JSON. */
export type JsonObject = { readonly [field: string]: Json };

/** An object of Kubernetes as it is applied. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
  readonly [field: string]: unknown;
}

/** What an object is called, where it is, and whose it is. */
export interface ManifestMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations?: Labels;
  readonly ownerReferences?: readonly JsonObject[];
}

export type Labels = { readonly [key: string]: string };

/** Leaves out the members that are `undefined`: an object that is applied owns only what it says. */
export function said(members: { readonly [field: string]: Json | undefined }): JsonObject {
  const present = Object.entries(members).flatMap(([field, value]): [string, Json][] =>
    value === undefined ? [] : [[field, value]],
  );
  return Object.fromEntries(present);
}

/** Labels or annotations, later ones winning; `undefined` for none, keys in order. */
export function joined(...parts: readonly (Labels | undefined)[]): Labels | undefined {
  const all = new Map(parts.flatMap((part) => Object.entries(part ?? {})));
  return all.size === 0 ? undefined : Object.fromEntries([...all].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
