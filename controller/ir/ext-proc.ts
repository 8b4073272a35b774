import type { ClusterIr } from './cluster.ts';

/** An external processor on a route (envoy.extensions.filters.http.ext_proc.v3). */
export interface ExtProcIr {
  /** "<namespace>/<policy>/<index>"; also told to the processor as gRPC metadata `sluice-policy`. */
  readonly name: string;
  readonly cluster: ClusterIr;
  readonly failOpen: boolean;
  /** Milliseconds. */
  readonly messageTimeout: number | undefined;
  readonly request: ProcessingIr | undefined;
  readonly response: ProcessingIr | undefined;
  /** The processor may choose, with its answer to headers, what more is sent to it of this request and response. */
  readonly allowModeOverride: boolean;
  /** The processor only looks on: nothing waits for its answers and no failure of it touches a request. */
  readonly shadow: boolean;
  /** Namespaces of dynamic metadata that the processor is told. */
  readonly accessibleNamespaces: readonly string[];
  /** Namespaces of dynamic metadata that the processor may write. */
  readonly writableNamespaces: readonly string[];
  /** HTTP status of the answer when the processor fails; `undefined` is Envoy's 500. */
  readonly statusOnError: number | undefined;
}

/** What of a request or response is sent to the processor; the headers always are. */
export interface ProcessingIr {
  readonly body: 'none' | 'streamed' | 'buffered' | 'bufferedPartial' | 'fullDuplexStreamed';
  /** Envoy attributes that are sent along, "request.path" for instance. */
  readonly attributes: readonly string[];
}
