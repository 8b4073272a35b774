/** The kinds of xDS resource that a user may patch; the module's own configuration is not among them. */
export type PatchedType = 'listener' | 'route' | 'cluster' | 'endpoint' | 'secret';

/** What one EnvoyPatchPolicy does to one resource: all of it or nothing. */
export interface ResourcePatchIr {
  /** Namespace and name of the policy, for people. */
  readonly policy: string;
  readonly type: PatchedType;
  /** The name of the resource. */
  readonly name: string;
  /** In the order in which they are applied. */
  readonly operations: readonly PatchOperationIr[];
}

/** One operation on the proto JSON of a resource (RFC 6902). */
export type PatchOperationIr = {
  /** Which of the policy's patches it is, from 0. */
  readonly index: number;
} & (
  | { readonly op: 'whole'; readonly value: PatchValue }
  | { readonly op: 'remove'; readonly at: PlacesIr }
  | { readonly op: 'add' | 'replace' | 'test'; readonly at: PlacesIr; readonly value: PatchValue }
  | { readonly op: 'move' | 'copy'; readonly at: PlacesIr; readonly from: string }
);

/** Places in a document: at `path` (RFC 6901), below each place that `jsonPath` selects (RFC 9535) if there is one. */
export interface PlacesIr {
  readonly path: string;
  readonly jsonPath: string | undefined;
}

/** A JSON value. */
export type PatchValue =
  | null
  | boolean
  | number
  | string
  | readonly PatchValue[]
  | { readonly [field: string]: PatchValue };
