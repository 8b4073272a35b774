import type { Headers } from './header-pairs.ts';
import type { SharedData } from './shared-data.ts';

/**
 * Answers `proxy_get_property`: asked afresh on every call with the headers as they then are, so that a route chosen
 * anew after a header was written can be modelled. `undefined` is NotFound.
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
  headers: [string, string][];
  readonly properties: PropertySource;
  /** What `proxy_set_property` wrote; Envoy keeps `x` as filter state `wasm.x`. */
  readonly filterState: Map<string, Uint8Array>;
  response?: LocalResponse;
  continued: boolean;
}

/** What the host functions read and write. */
export interface HostState {
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
