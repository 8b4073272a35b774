import type { WasmModuleRef } from './wasm-module.ts';

/** A user's Wasm filter on a route (envoy.extensions.filters.http.wasm.v3). */
export interface WasmFilterIr {
  /** "<namespace>/<policy>/<index>": one filter, on all the routes of its policy. */
  readonly name: string;
  /** Place among the filters of its policy, from 0. */
  readonly index: number;
  /** `undefined` while the module cannot be had. */
  readonly module: WasmModuleRef | undefined;
  /** What the module is told that it is called. */
  readonly pluginName: string;
  readonly rootId: string;
  /** Configuration as JSON; `undefined` when there is none. */
  readonly config: string | undefined;
  /** Names of Envoy's environment variables that the module may read. */
  readonly hostKeys: readonly string[];
  /** Whether requests pass while the filter cannot be had, or once it has failed. */
  readonly failOpen: boolean;
}

/** A filter in the version that a proxy is to run: its module is a file that the proxy has. */
export interface LoadedFilterIr {
  readonly filter: WasmFilterIr;
  readonly digest: string;
  /** As Envoy sees it. */
  readonly path: string;
}
