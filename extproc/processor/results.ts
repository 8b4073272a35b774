import type { JsonObject } from '@bufbuild/protobuf';

/** Header names (any case) with the value, or the values, each is to have. */
export type HeaderValues = Readonly<Record<string, string | readonly string[]>>;

/**
 * Changes to headers or trailers. Envoy removes first, then sets, then appends (envoy.service.ext_proc.v3.HeaderMutation).
 *
 * Envoy ignores changes to `host`, `:authority`, `:scheme`, `:method` and `x-envoy-*` unless its `mutation_rules` allow them.
 */
export interface HeaderChanges {
  /** The header has exactly these values afterwards. */
  readonly set?: HeaderValues | undefined;
  /** The values are added to those the header has. */
  readonly append?: HeaderValues | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** Bytes of a body; a string is sent as UTF-8. */
export type Body = string | Uint8Array;

/** Dynamic metadata for later filters, by namespace. Envoy takes only the namespaces that the policy makes writable. */
export type DynamicMetadata = Readonly<Record<string, JsonObject>>;

/** How a body is sent to the processor (`ProcessingMode.BodySendMode`). */
export type BodyMode = 'none' | 'streamed' | 'buffered' | 'bufferedPartial' | 'fullDuplexStreamed';

/**
 * What more of this request and its response is sent to the processor, in place of what its policy says
 * (`ProcessingResponse.mode_override`). Envoy ignores it unless the policy has `allowModeOverride`.
 */
export interface ModeChange {
  /** Default: none. */
  readonly requestBody?: BodyMode | undefined;
  /** Default: not sent. */
  readonly requestTrailers?: boolean | undefined;
  /** Default: sent. */
  readonly responseHeaders?: boolean | undefined;
  /** Default: none. */
  readonly responseBody?: BodyMode | undefined;
  /** Default: not sent. */
  readonly responseTrailers?: boolean | undefined;
}

/** Every change there is; each phase takes some of them. */
export interface Changes {
  /** In the phases of a body they take effect in the modes BUFFERED and BUFFERED_PARTIAL only. */
  readonly headers?: HeaderChanges | undefined;
  readonly trailers?: HeaderChanges | undefined;
  /**
   * When a body has come: takes the place of the bytes received in this phase; empty removes them. When headers have
   * come: the whole body; the original one, if any, is discarded and its phases do not come (`CONTINUE_AND_REPLACE`).
   */
  readonly body?: Body | undefined;
  /** The route is chosen anew, by the changed headers; Envoy ignores it where its `route_cache_action` is `RETAIN`. */
  readonly clearRouteCache?: boolean | undefined;
  readonly metadata?: DynamicMetadata | undefined;
  /** Only with headers: what of the rest is sent. */
  readonly mode?: ModeChange | undefined;
}

/** These changes, and a type error for any other. */
type Only<K extends keyof Changes> = Pick<Changes, K> & { readonly [P in Exclude<keyof Changes, K>]?: undefined };

/** What may change when the headers of a request have come. */
export type RequestHeadersChanges = Only<'headers' | 'body' | 'clearRouteCache' | 'metadata' | 'mode'>;

/** What may change when the body of a request, or a piece of it, has come. */
export type RequestChanges = Only<'headers' | 'body' | 'clearRouteCache' | 'metadata'>;

/** What may change when the headers of a response have come. */
export type ResponseHeadersChanges = Only<'headers' | 'body' | 'metadata' | 'mode'>;

/** What may change when the body of a response, or a piece of it, has come. */
export type ResponseChanges = Only<'headers' | 'body' | 'metadata'>;

/** What may change when trailers have come. */
export type TrailersChanges = Only<'trailers' | 'metadata'>;

/** The message goes on, with these changes. */
export type Continue<C> = { readonly kind: 'continue' } & C;

/** Envoy answers the client itself; the rest of the request and its response are not processed. */
export interface Respond {
  readonly kind: 'respond';
  /** HTTP status, 200 to 599. */
  readonly status: number;
  /** Header names with their values, over the defaults of Envoy (`content-type: text/plain`). */
  readonly headers?: HeaderValues | undefined;
  readonly body?: Body | undefined;
  /** Status code of gRPC, when the client speaks it. */
  readonly grpcStatus?: number | undefined;
  /** What Envoy's access log shows as `RESPONSE_CODE_DETAILS`; never seen by the client. */
  readonly details?: string | undefined;
  readonly metadata?: DynamicMetadata | undefined;
}

/** What a handler may return; nothing means: goes on as it is. */
export type Result<C> = Continue<C> | Respond | undefined;

/** The result of any phase. */
export type PhaseResult = Result<Changes>;

/** Lets the message go on, with these changes or with none. */
export function continueWith(): Continue<object>;
export function continueWith<C extends Changes>(
  changes: C & Readonly<Record<Exclude<keyof C, keyof Changes>, never>>,
): Continue<C>;
export function continueWith(changes?: Changes): Continue<Changes> {
  return { kind: 'continue', ...changes };
}

/** Ends the request with this response. */
export function respondWith(response: Omit<Respond, 'kind'>): Respond {
  return { kind: 'respond', ...response };
}
