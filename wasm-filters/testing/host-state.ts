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

/** One request on its way through the module. */
export interface StreamState {
  readonly id: number;
  /** As the filter received them. */
  readonly received: Headers;
  headers: [string, string][];
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
  readonly now: () => number;
  readonly logs: LogLine[];
  readonly shared: SharedData;
  readonly metrics: { readonly name: string; value: bigint }[];
  readonly vmConfig: Uint8Array;
  pluginConfig: Uint8Array;
  /** In milliseconds; 0 is no tick. */
  tickPeriod: number;
  stream: StreamState | undefined;
  /** The context that host functions work on. */
  context: number;
}

/** The context id of the plugin; requests have later ones. */
export const ROOT_CONTEXT = 1;
