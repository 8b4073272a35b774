/** How long things may take; milliseconds, 0 is for ever. */
export interface RouteTimeoutsIr {
  /** From the end of the request to the end of the response. */
  readonly request?: number | undefined;
  /** Without a byte in either direction. */
  readonly streamIdle?: number | undefined;
  /** Of the request and its response together. */
  readonly maxStream?: number | undefined;
}

/** A part of a request that decides on its endpoint. */
export type HashIr =
  | { readonly kind: 'sourceIp' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }
  | {
      readonly kind: 'cookie';
      readonly name: string;
      /** Milliseconds that a cookie lasts which Envoy sets where there is none; without it none is set. */
      readonly ttl: number | undefined;
      readonly attributes: readonly { readonly name: string; readonly value: string }[];
    };

/** When a request is sent again; milliseconds. What is not there has Envoy Gateway's default. */
export interface RetryIr {
  readonly numRetries?: number | undefined;
  /** Envoy's words for what is worth another try (`x-envoy-retry-on`). */
  readonly triggers?: readonly string[] | undefined;
  readonly statusCodes?: readonly number[] | undefined;
  readonly attemptsPerPriority?: number | undefined;
  readonly perTryTimeout?: number | undefined;
  readonly backOff?: { readonly base: number | undefined; readonly max: number | undefined } | undefined;
}
