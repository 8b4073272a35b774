/**
 * The API server of a cluster, as everything here speaks to it: what enters is a path and a body, what leaves is its answer.
 * Refuses to know what objects mean.
 */
export interface ApiServer {
  /** Resolves with the answer, whatever its status; rejects when there is none. */
  ask(request: ApiRequest): Promise<ApiAnswer>;
  /**
   * Follows a watch, calls `onEvent` with each event, parsed. Resolves when the server ends it (status 200) or refuses it;
   * rejects when the connection is lost, and when `signal` is aborted.
   */
  watch(request: WatchRequest, onEvent: (event: unknown) => void): Promise<ApiAnswer>;
  /** Closes connections that are kept. */
  close(): void;
}

/** How a body changes an object (Kubernetes API, "Patch"). */
export type PatchType =
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/json-patch+json'
  | 'application/apply-patch+yaml';

/** One request. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  /** JSON. */
  readonly body?: unknown;
  /** For PATCH; a merge patch where it is left out. */
  readonly patch?: PatchType;
  /** Whether only metadata is to come back (`PartialObjectMetadata`). */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

/** Parameters by name; those that are undefined are left out. */
export type Query = { readonly [name: string]: string | undefined };

/** A watch; `watch` itself is added to the query. */
export interface WatchRequest {
  readonly path: string;
  readonly query: Query;
  readonly metadataOnly?: boolean;
  readonly signal: AbortSignal;
}

/** What an API server answers. */
export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON; undefined for none. A `Status` where the request is refused. */
  readonly body: unknown;
  /** How long it asks to be left alone, in milliseconds (`Retry-After`). */
  readonly retryAfter: number | undefined;
}

/** Whether a request was granted. */
export function isGranted({ status }: ApiAnswer): boolean {
  return status >= 200 && status < 300;
}
