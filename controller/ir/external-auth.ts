import type { ClusterIr } from './cluster.ts';

/** A server that is asked whether a request may pass; without its answer none does. */
export interface ExternalAuthIr {
  readonly cluster: ClusterIr;
  /** How it is asked. */
  readonly service:
    | { readonly kind: 'grpc' }
    | {
        readonly kind: 'http';
        /** What comes before the path of the request. */
        readonly pathPrefix: string;
        /** Headers of its answer that the request gets; lower case, none stands for all. */
        readonly toRequest: readonly string[];
      };
  /** Headers of the request that it is told, besides those that it always is; lower case. */
  readonly headers: readonly string[];
  /** Bytes of the body that it is told, 0 for none; a longer body is refused. */
  readonly maxBody: number;
}
