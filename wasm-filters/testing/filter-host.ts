import { abiProblems } from '#wasm-filters/build/abi.ts';
import { guestMemory } from './guest-memory.ts';
import type { Headers } from './header-pairs.ts';
import { hostFunctions } from './host-functions.ts';
import { ROOT_CONTEXT } from './host-state.ts';
import type { HostState, LocalResponse, LogLine, PropertySource, StreamState } from './host-state.ts';
import { sharedData } from './shared-data.ts';
import type { SharedData } from './shared-data.ts';

export type { Headers } from './header-pairs.ts';
export type { LogLine, PropertySource } from './host-state.ts';
export { sharedData } from './shared-data.ts';
export type { SharedData } from './shared-data.ts';

/** A request as the filter meets it. */
export interface FilterRequest {
  /** With the pseudo-headers (`:method`, `:path`, `:authority`, ...), in order. */
  readonly headers: Headers;
  /** Without it no property is found. */
  readonly properties?: PropertySource;
}

/** What the filter did with a request. */
export type FilterResult =
  | { readonly kind: 'continue'; readonly headers: [string, string][] }
  | ({ readonly kind: 'response' } & LocalResponse)
  | { readonly kind: 'paused' }
  | { readonly kind: 'trap'; readonly error: Error };

export interface FilterHostOptions {
  /** `config.name` of the plugin, which the filter reads as `plugin_name`; empty without it. */
  readonly pluginName?: string;
  /** Milliseconds since the epoch; the real time without it. */
  readonly now?: () => number;
  /** Shared by hosts that model workers of one Envoy; its own without it. */
  readonly shared?: SharedData;
  readonly vmConfig?: Uint8Array;
}

/** A module in a Proxy-Wasm host, as on one worker of Envoy. */
export interface FilterHost {
  /**
   * Gives the module a plugin configuration; may be called again. False when the module refuses it or traps in it.
   * Envoy tries a configuration in a canary VM first; here the same instance is asked, and has to keep the old one.
   */
  configure(pluginConfig: Uint8Array): boolean;
  /**
   * Runs one request, as a new context, through the request headers callback, without a body. After a trap the next
   * request meets a new instance with the last accepted configuration, as Envoy does with FAIL_RELOAD.
   */
  request(request: FilterRequest): FilterResult;
  /** Size of the module's memory: flat over many requests, or it leaks. */
  memoryBytes(): number;
  readonly logs: readonly LogLine[];
  /** Values of the metrics that the module defined, by name. */
  metrics(): ReadonlyMap<string, bigint>;
  /** What the last request wrote with `proxy_set_property`, by its name; Envoy keeps `x` as filter state `wasm.x`. */
  filterState(): ReadonlyMap<string, string>;
}

/**
 * Loads a module into a Proxy-Wasm ABI 0.2.1 host with Envoy's rules.
 *
 * @throws Error when Envoy would not load it: see `abiProblems`.
 */
export async function loadFilter(wasm: Uint8Array, options: FilterHostOptions = {}): Promise<FilterHost> {
  const problems = abiProblems(wasm);
  if (problems.length > 0) throw new Error(`the module ${problems.join('; it ')}`);
  const module = new WebAssembly.Module(wasm);
  const state: HostState = {
    pluginName: options.pluginName ?? '',
    now: options.now ?? Date.now,
    logs: [],
    shared: options.shared ?? sharedData(),
    metrics: [],
    vmConfig: options.vmConfig ?? new Uint8Array(),
    pluginConfig: new Uint8Array(),
    tickPeriod: 0,
    stream: undefined,
    context: ROOT_CONTEXT,
  };
  let guest = instantiate(module, state);
  let configured = false;
  let dead = false;
  let lastAccepted: Uint8Array = new Uint8Array();
  let lastId = ROOT_CONTEXT;
  let filterState: ReadonlyMap<string, Uint8Array> = new Map();

  const start = (pluginConfig: Uint8Array): boolean => {
    const first = !configured || dead;
    if (dead) guest = instantiate(module, state);
    dead = false;
    configured = true;
    state.pluginConfig = pluginConfig;
    state.context = ROOT_CONTEXT;
    try {
      if (first) {
        guest.call('proxy_on_context_create', ROOT_CONTEXT, 0);
        if (guest.call('proxy_on_vm_start', ROOT_CONTEXT, state.vmConfig.byteLength) === 0) return false;
      }
      return guest.call('proxy_on_configure', ROOT_CONTEXT, pluginConfig.byteLength) !== 0;
    } catch (error) {
      dead = true;
      trapOf(error);
      return false;
    }
  };

  const configure = (pluginConfig: Uint8Array): boolean => {
    const accepted = start(pluginConfig);
    if (accepted) lastAccepted = pluginConfig;
    return accepted;
  };

  const run = (stream: StreamState): FilterResult => {
    const { id } = stream;
    guest.call('proxy_on_context_create', id, ROOT_CONTEXT);
    const action = guest.call('proxy_on_request_headers', id, stream.headers.length, 1) ?? 0;
    const result: FilterResult =
      stream.response !== undefined
        ? { kind: 'response', ...stream.response }
        : action === 0 || stream.continued
          ? { kind: 'continue', headers: stream.headers }
          : { kind: 'paused' };
    for (const callback of ['proxy_on_done', 'proxy_on_log', 'proxy_on_delete']) guest.call(callback, id);
    return result;
  };

  return {
    configure,
    request({ headers, properties }) {
      if (dead && !start(lastAccepted)) {
        dead = true;
        return { kind: 'trap', error: new Error('the module does not take its configuration after a trap') };
      }
      lastId += 1;
      const stream: StreamState = {
        id: lastId,
        received: headers,
        headers: headers.map(([name, value]) => [name, value]),
        properties: properties ?? (() => undefined),
        filterState: new Map(),
        continued: false,
      };
      filterState = stream.filterState;
      state.stream = stream;
      state.context = stream.id;
      try {
        return run(stream);
      } catch (error) {
        dead = true;
        return { kind: 'trap', error: trapOf(error) };
      } finally {
        state.stream = undefined;
        state.context = ROOT_CONTEXT;
      }
    },
    memoryBytes: () => guest.memory.buffer.byteLength,
    logs: state.logs,
    metrics: () => new Map(state.metrics.map(({ name, value }) => [name, value])),
    filterState: () => new Map([...filterState].map(([key, value]) => [key, Buffer.from(value).toString()])),
  };
}

interface Guest {
  readonly memory: WebAssembly.Memory;
  /** Calls an export; `undefined` when the module has none of that name, or when it returns nothing. */
  call(name: string, ...args: readonly number[]): number | undefined;
}

function instantiate(module: WebAssembly.Module, state: HostState): Guest {
  const memory = guestMemory(
    () => guest.memory.buffer,
    (size) => guest.call('proxy_on_memory_allocate', size) ?? 0,
  );
  const { exports } = new WebAssembly.Instance(module, { env: hostFunctions(state, memory) });
  const exported = exports['memory'];
  if (!(exported instanceof WebAssembly.Memory)) throw new Error('the export memory is not a memory');
  const guest: Guest = {
    memory: exported,
    call(name, ...args) {
      const callback = exports[name];
      if (typeof callback !== 'function') return undefined;
      const result: unknown = callback(...args);
      return typeof result === 'number' ? result : undefined;
    },
  };
  guest.call('_initialize');
  return guest;
}

/** The trap that `error` is; anything else is a bug of the host or of the test, and is thrown on. */
function trapOf(error: unknown): Error {
  // A stack that is too deep is a RangeError of JavaScript.
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return error;
  throw error;
}
