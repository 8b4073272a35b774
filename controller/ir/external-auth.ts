import type { ClusterIr } from './cluster.ts';

/** A server that is asked whether a request may pass. */
export interface ExternalAuthIr {
  readonly cluster: ClusterIr;
  /** How it is asked. */
  readonly service:
    | { readonly kind: 'grpc' }
    | {
        readonly kind: 'http';
        /** What comes before the path of the request. */
        readonly pathPrefix: string;
        /** Its path whatever the request's is. */
        readonly pathOverride: string | undefined;
        /** Headers of its answer that the request gets; lower case. */
        readonly toRequest: readonly string[] | 'all';
      };
  /** Headers of the request that it is told, besides those that it always is; lower case. */
  readonly headers: readonly string[];
  /** Bytes of the body that it is told, 0 for none; a longer body is refused. */
  readonly maxBody: number;
  /** How long an answer may take, in milliseconds. */
  readonly timeout: number | undefined;
  /** Whether requests pass that it says nothing about. */
  readonly failOpen: boolean;
  /** Whether the headers that the server gives may lead the request to another route. */
  readonly recomputesRoute: boolean;
  /** What they are answered with else; 403 without it. */
  readonly statusOnError: number | undefined;
  /** What it is told of the route. */
  readonly context: ReadonlyMap<string, string>;
}
