import type { Resource } from '#controller/api/gen/types.d.ts';

/**
 * What enters the controller: resources from files or from a Kubernetes API, as batches of events.
 *
 * A provider yields what is written, converted to the storage version, defaulted, validated and frozen. It knows nothing of references between
 * objects, of Gateways or of Envoy.
 */

/** `group/kind/namespace/name`; the group is empty for core kinds, the namespace for cluster-scoped ones. */
export type ResourceKey = string;

/** Where a resource was read. */
export type Source = FileSource | { readonly kind: 'cluster' };

/** A document in a file; line and column count from 1 and were right when the resource last changed. */
export type FileSource = {
  readonly kind: 'file';
  readonly file: string;
  readonly line: number;
  readonly column: number;
};

/**
 * Why something that was read is not served as written.
 *
 * - `unreadable`: a file or folder that cannot be read, or is larger than the cap; `run` is then not ready, as with the next
 * - `syntax`: a document that is no YAML or no Kubernetes object; at a cold start `run` is not ready while there is one
 * - `invalid`: an object whose schema, rules or group, kind and version refuse it; `object.document` holds it as written
 * - `duplicate`: a second object with a key that another place already has
 * - `ignored`: an object of a kind that Sluice does not consume (a warning)
 */
export type ProblemReason = 'unreadable' | 'syntax' | 'invalid' | 'duplicate' | 'ignored';

/** One thing that is wrong with what was read, and where. */
export type Problem = {
  readonly severity: 'error' | 'warning';
  readonly reason: ProblemReason;
  /** Where it was read; "cluster" for what an API server has, with line and column 0. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** What is known of the object. */
  readonly object?: ProblemObject;
  /** The field in the notation of `formatFieldPath`: `spec.rules[0].matches`. */
  readonly field?: string;
  /** What was found and what is accepted. */
  readonly message: string;
};

/** The object a problem is about, as far as it could be read. */
export type ProblemObject = {
  readonly kind: string;
  /** The kind that it was most likely meant to be, where there is none of its group, kind and version. */
  readonly means?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Present when group, kind and name were readable. */
  readonly key?: ResourceKey;
  /** The document as written: an invalid policy still tells whom it would protect. Left out for Secrets. */
  readonly document?: { readonly [key: string]: unknown };
};

/** One change of what is written. */
export type ResourceEvent =
  | { readonly kind: 'upsert'; readonly key: ResourceKey; readonly resource: Resource; readonly source: Source }
  | { readonly kind: 'delete'; readonly key: ResourceKey }
  /** Everything that exists at the start has been told; comes once, last in its batch. */
  | { readonly kind: 'synced' }
  /** `id` names the problem until it is cleared. */
  | { readonly kind: 'problem'; readonly id: string; readonly problem: Problem }
  | { readonly kind: 'problem-cleared'; readonly id: string };

/** All events of one change; they are applied together, so that no state between is ever translated. */
export type ResourceBatch = readonly ResourceEvent[];

/** Ends watching; after it resolves no batch is handed over. */
export type Stop = () => Promise<void>;

/**
 * A source of resources.
 *
 * - The first batch holds everything that exists and ends with `synced`; `start` resolves after it was handed over.
 * - A key is upserted only when its object changed; an object that did not change keeps its identity and is not told again.
 * - Within a batch a key occurs at most once.
 * - While an object is broken its last good version stays: there is a `problem`, and no `delete`.
 * - `onBatch` is never called while it runs, nor after the stop function resolved.
 */
export interface Provider {
  readonly start: (onBatch: (batch: ResourceBatch) => void) => Promise<Stop>;
}
