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
}

/** What of a request or response is sent to the processor; the headers always are. */
export interface ProcessingIr {
  readonly body: 'none' | 'streamed' | 'buffered' | 'bufferedPartial' | 'fullDuplexStreamed';
}
