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

/** Requests that are made to wait or to fail, to see what comes of it. Percentages from 0 to 100. */
export interface FaultIr {
  readonly delay: { readonly percentage: number; readonly milliseconds: number } | undefined;
  readonly abort:
    | { readonly percentage: number; readonly httpStatus: number | undefined; readonly grpcStatus: number | undefined }
    | undefined;
}

/** One way to compress answers, where the client takes it. */
export interface CompressorIr {
  readonly algorithm: 'gzip' | 'brotli' | 'zstd';
  /** Whether it is taken before others that the client likes as much. */
  readonly isFirst: boolean;
  /** Bytes. */
  readonly minContentLength: number | undefined;
}

/** An answer that takes the place of another; the first that fits counts. */
export interface ResponseOverrideIr {
  /** One of these, when there are any. */
  readonly statuses: readonly { readonly from: number; readonly to: number }[];
  /** All of these. */
  readonly headers: readonly TextMatchIr[];
  /** Of answers that Envoy gives itself, of those of back-ends, or `undefined` for both. */
  readonly source: 'local' | 'backend' | undefined;
  readonly answer: OverridingAnswerIr;
}

/** A header or the like whose value is compared. A regular expression (RE2) must match the whole value. */
export interface TextMatchIr {
  readonly name: string;
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'regex';
  readonly value: string;
}

/** The answer that is given. */
export type OverridingAnswerIr =
  | {
      readonly kind: 'response';
      readonly status: number | undefined;
      readonly contentType: string | undefined;
      /** With Envoy's command operators. */
      readonly body: string | undefined;
      readonly set: readonly { readonly name: string; readonly value: string }[];
      readonly add: readonly { readonly name: string; readonly value: string }[];
    }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      readonly scheme: 'http' | 'https' | undefined;
      readonly hostname: string | undefined;
      readonly port: number | undefined;
      readonly path: string | undefined;
    };

/** Most of a body that passes in a second, in KiB. */
export interface BandwidthIr {
  readonly request: number | undefined;
  readonly response: number | undefined;
  /** What trailers that tell of delays begin with; `undefined` when there are none. */
  readonly trailerPrefix: string | undefined;
}

/** What a connection may become (RFC 9110 section 7.8). */
export interface UpgradeIr {
  readonly type: string;
  /** Of CONNECT: whether the tunnel ends here, and TCP goes on to the back-end. */
  readonly terminate: boolean;
}
