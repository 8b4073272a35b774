import { abiProblems } from '#wasm-filters/build/abi.ts';
import { guestMemory } from './guest-memory.ts';
import type { Headers } from './header-pairs.ts';
import { hostFunctions } from './host-functions.ts';
import { ROOT_CONTEXT } from './host-state.ts';
import type { Call, CallAnswer, HostState, LocalResponse, LogLine, PropertySource, StreamState } from './host-state.ts';
import { sharedData } from './shared-data.ts';
import type { SharedData } from './shared-data.ts';

export type { Headers } from './header-pairs.ts';
export type { Call, CallAnswer, LogLine, PropertySource } from './host-state.ts';
export { sharedData } from './shared-data.ts';
export type { SharedData } from './shared-data.ts';

/** A request as the filter meets it. */
export interface FilterRequest {
  /** With the pseudo-headers (`:method`, `:path`, `:authority`, ...), in order. */
  readonly headers: Headers;
  /** Without it no property is found. */
  readonly properties?: PropertySource;
  /** Headers of the response to a request that goes on; without it none comes. */
  readonly response?: Headers;
  /** What filters before it have written with `proxy_set_property`. */
  readonly filterState?: ReadonlyMap<string, string>;
}

/** What the filter did with a request. */
export type FilterResult =
  | {
      readonly kind: 'continue';
      readonly headers: [string, string][];
      /** The headers of the response as the filter left them, when one came. */
      readonly responseHeaders?: [string, string][];
    }
  | ({ readonly kind: 'response' } & LocalResponse)
  /** `id` is for `resultOf`. */
  | { readonly kind: 'paused'; readonly id: number }
  | { readonly kind: 'trap'; readonly error: Error };

export interface FilterHostOptions {
  /** `config.name` of the plugin, which the filter reads as `plugin_name`; empty without it. */
  readonly pluginName?: string;
  /** Milliseconds since the epoch; the real time without it. */
  readonly now?: () => number;
  /** Shared by hosts that model workers of one Envoy; its own without it. */
  readonly shared?: SharedData;
  readonly vmConfig?: Uint8Array;
  /** The clusters that the module can call; the sidecar's without it. */
  readonly clusters?: readonly string[];
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
  /** The calls to clusters that wait for an answer. */
  calls(): readonly Call[];
  /** Hands over the answer to a call; requests that are paused may go on or be answered by it. */
  answer(token: number, answer: CallAnswer): void;
  /** What has become of a request that was paused. */
  resultOf(id: number): FilterResult;
  /** Ends a request that is paused, as when its client goes away. */
  abandon(id: number): void;
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
    clusters: new Set(options.clusters ?? ['sluice.sidecar']),
    now: options.now ?? Date.now,
    logs: [],
    shared: options.shared ?? sharedData(),
    metrics: [],
    vmConfig: options.vmConfig ?? new Uint8Array(),
    pluginConfig: new Uint8Array(),
    tickPeriod: 0,
    streams: new Map(),
    context: ROOT_CONTEXT,
    calls: new Map(),
    answer: undefined,
  };
  let guest = instantiate(module, state);
  let configured = false;
  let dead = false;
  let lastAccepted: Uint8Array = new Uint8Array();
  let lastId = ROOT_CONTEXT;
  let filterState: ReadonlyMap<string, Uint8Array> = new Map();
  const results = new Map<number, FilterResult>();

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

  const resultOf = (id: number): FilterResult => {
    const result = results.get(id);
    if (result === undefined) throw new Error(`there was no request ${id}`);
    if (result.kind !== 'paused') results.delete(id);
    return result;
  };

  const end = (id: number): void => {
    for (const callback of ['proxy_on_done', 'proxy_on_log', 'proxy_on_delete']) guest.call(callback, id);
    state.streams.delete(id);
  };

  const run = (stream: StreamState): FilterResult => {
    const { id } = stream;
    guest.call('proxy_on_context_create', id, ROOT_CONTEXT);
    const action = guest.call('proxy_on_request_headers', id, stream.headers.length, 1) ?? 0;
    return settled(stream, action === 0 && stream.response === undefined ? passed(stream) : resultSoFar(stream));
  };

  /** Ends a request that is not paused, with its response when it went on. */
  const settled = (stream: StreamState, result: FilterResult): FilterResult => {
    if (result.kind === 'paused') return result;
    const { id, answer } = stream;
    state.context = id;
    if (result.kind === 'continue' && answer !== undefined) {
      stream.responseHeaders = answer.map(([name, value]) => [name, value]);
      guest.call('proxy_on_response_headers', id, answer.length, 1);
    }
    end(id);
    return result.kind === 'continue' ? passed(stream) : result;
  };

  /** Calls the module; when it traps every request that it holds ends with it. */
  const guarded = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      dead = true;
      const trap = trapOf(error);
      for (const id of state.streams.keys()) results.set(id, { kind: 'trap', error: trap });
      state.streams.clear();
      state.calls.clear();
    } finally {
      state.context = ROOT_CONTEXT;
      state.answer = undefined;
    }
  };

  return {
    configure,
    request({ headers, properties, response, filterState: before = new Map() }) {
      if (dead && !start(lastAccepted)) {
        dead = true;
        return { kind: 'trap', error: new Error('the module does not take its configuration after a trap') };
      }
      lastId += 1;
      const stream: StreamState = {
        id: lastId,
        received: headers,
        headers: headers.map(([name, value]) => [name, value]),
        responseHeaders: undefined,
        properties: properties ?? (() => undefined),
        filterState: new Map([...before].map(([key, value]) => [key, Buffer.from(value)])),
        answer: response,
        continued: false,
      };
      filterState = stream.filterState;
      state.streams.set(stream.id, stream);
      state.context = stream.id;
      guarded(() => results.set(stream.id, run(stream)));
      return resultOf(stream.id);
    },
    calls: () => [...state.calls.values()],
    answer(token, answer) {
      if (!state.calls.delete(token)) throw new Error(`no call ${token} is under way`);
      state.answer = answer;
      guarded(() => {
        const sizes =
          answer.kind === 'failure' ? [0, 0, 0] : [answer.headers.length, answer.body.length, answer.trailers.length];
        guest.call('proxy_on_http_call_response', ROOT_CONTEXT, token, ...sizes);
        for (const stream of state.streams.values()) {
          results.set(stream.id, settled(stream, resultSoFar(stream)));
        }
      });
    },
    resultOf,
    abandon: (id) => guarded(() => end(id)),
    memoryBytes: () => guest.memory.buffer.byteLength,
    logs: state.logs,
    metrics: () => new Map(state.metrics.map(({ name, value }) => [name, value])),
    filterState: () => new Map([...filterState].map(([key, value]) => [key, Buffer.from(value).toString()])),
  };
}

function resultSoFar(stream: StreamState): FilterResult {
  if (stream.response !== undefined) return { kind: 'response', ...stream.response };
  return stream.continued ? passed(stream) : { kind: 'paused', id: stream.id };
}

function passed({ headers, responseHeaders }: StreamState): FilterResult {
  return { kind: 'continue', headers, ...(responseHeaders !== undefined && { responseHeaders }) };
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
