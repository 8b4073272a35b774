import type { Headers } from './header-pairs.ts';
import type { SharedData } from './shared-data.ts';

/**
 * Answers `proxy_get_property`; `undefined` is NotFound. The headers are those that the filter received, also after it
 * wrote some: as in Envoy, the route that follows from what a filter writes is not chosen before its callback ends.
 */
export type PropertySource = (path: readonly string[], headers: Headers) => Uint8Array | string | undefined;

/** A line that the module logged. */
export interface LogLine {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'critical';
  readonly message: string;
}

/** What `proxy_send_local_response` was called with. */
export interface LocalResponse {
  readonly status: number;
  /** The response code details, which Envoy writes to its access log. */
  readonly details: string;
  readonly headers: [string, string][];
  readonly body: string;
}

/** What a call is answered with: a response, or nothing, as when the cluster is unreachable or too slow. */
export type CallAnswer =
  | {
      readonly kind: 'response';
      readonly headers: Headers;
      readonly body: Uint8Array;
      readonly trailers: Headers;
    }
  | { readonly kind: 'failure' };

/** What `proxy_http_call` was called with. */
export interface Call {
  readonly token: number;
  readonly cluster: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** In milliseconds. */
  readonly timeout: number;
}

/** One request on its way through the module. */
export interface StreamState {
  readonly id: number;
  /** As the filter received them. */
  readonly received: Headers;
  headers: [string, string][];
  /** The headers of the response that comes when it goes on. */
  readonly answer: Headers | undefined;
  /** The headers of its response, once there is one. */
  responseHeaders: [string, string][] | undefined;
  readonly properties: PropertySource;
  /** What `proxy_set_property` wrote; Envoy keeps `x` as filter state `wasm.x`. */
  readonly filterState: Map<string, Uint8Array>;
  response?: LocalResponse;
  continued: boolean;
}

/** What the host functions read and write. */
export interface HostState {
  /** `config.name` of the plugin. */
  readonly pluginName: string;
  /** The clusters that can be called. */
  readonly clusters: ReadonlySet<string>;
  readonly now: () => number;
  readonly logs: LogLine[];
  readonly shared: SharedData;
  readonly metrics: { readonly name: string; value: bigint }[];
  readonly vmConfig: Uint8Array;
  pluginConfig: Uint8Array;
  /** In milliseconds; 0 is no tick. */
  tickPeriod: number;
  /** The requests that have not ended, by their context. */
  readonly streams: Map<number, StreamState>;
  /** The context that host functions work on. */
  context: number;
  /** The calls under way, by token. */
  readonly calls: Map<number, Call>;
  /** The answer that is being handed over. */
  answer: CallAnswer | undefined;
}

/** The request that host functions work on; none on the root context. */
export function currentStream({ streams, context }: HostState): StreamState | undefined {
  return streams.get(context);
}

/** The context id of the plugin; requests have later ones. */
export const ROOT_CONTEXT = 1;
