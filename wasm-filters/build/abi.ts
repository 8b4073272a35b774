import { exportedFunctions, formatSignature, type Signature } from './signatures.ts';

const names = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** What Envoy registers under `env` for a module of Proxy-Wasm ABI 0.2.1; an import outside this list fails to load. */
export const HOST_FUNCTIONS: ReadonlySet<string> = names(`
  proxy_log proxy_get_log_level proxy_get_status
  proxy_get_property proxy_set_property
  proxy_send_local_response proxy_continue_stream proxy_close_stream
  proxy_get_shared_data proxy_set_shared_data
  proxy_register_shared_queue proxy_resolve_shared_queue proxy_dequeue_shared_queue proxy_enqueue_shared_queue
  proxy_get_header_map_value proxy_add_header_map_value proxy_replace_header_map_value
  proxy_remove_header_map_value proxy_get_header_map_pairs proxy_set_header_map_pairs proxy_get_header_map_size
  proxy_get_buffer_status proxy_get_buffer_bytes proxy_set_buffer_bytes
  proxy_http_call proxy_grpc_call proxy_grpc_stream proxy_grpc_close proxy_grpc_cancel proxy_grpc_send
  proxy_set_tick_period_milliseconds proxy_get_current_time_nanoseconds
  proxy_define_metric proxy_increment_metric proxy_record_metric proxy_get_metric
  proxy_set_effective_context proxy_done proxy_call_foreign_function`);

/** What a filter must export, or Envoy refuses it (the ABI marker) or traps in it (the allocator). */
export const REQUIRED_EXPORTS: ReadonlySet<string> = names(`
  memory _initialize proxy_abi_version_0_2_1 proxy_on_memory_allocate`);

/**
 * The callbacks Envoy looks up by name, and how it calls them (proxy-wasm-cpp-host, `exports.h`): one with another signature
 * fails the whole module, any other `proxy_on_*` would never be called.
 */
export const CALLBACKS: ReadonlyMap<string, Signature> = new Map([
  ['proxy_on_context_create', 'ii:'],
  ['proxy_on_vm_start', 'ii:i'],
  ['proxy_validate_configuration', 'ii:i'],
  ['proxy_on_configure', 'ii:i'],
  ['proxy_on_tick', 'i:'],
  ['proxy_on_request_headers', 'iii:i'],
  ['proxy_on_request_body', 'iii:i'],
  ['proxy_on_request_trailers', 'ii:i'],
  ['proxy_on_request_metadata', 'ii:i'],
  ['proxy_on_response_headers', 'iii:i'],
  ['proxy_on_response_body', 'iii:i'],
  ['proxy_on_response_trailers', 'ii:i'],
  ['proxy_on_response_metadata', 'ii:i'],
  ['proxy_on_http_call_response', 'iiiii:'],
  ['proxy_on_grpc_receive_initial_metadata', 'iii:'],
  ['proxy_on_grpc_receive', 'iii:'],
  ['proxy_on_grpc_receive_trailing_metadata', 'iii:'],
  ['proxy_on_grpc_close', 'iii:'],
  ['proxy_on_queue_ready', 'ii:'],
  ['proxy_on_foreign_function', 'iii:'],
  ['proxy_on_done', 'i:i'],
  ['proxy_on_log', 'i:'],
  ['proxy_on_delete', 'i:'],
]);

/** What a filter that is made with the SDK forgot. */
const HANDED_ON = 'which `export * from "sluice/wasm/abi"` hands on';

/**
 * Lists why Envoy would refuse `wasm`, or would never call a part of it: an unknown import, a missing export, a
 * callback of another signature, an export that nothing calls (a misspelt callback fails open in silence). An empty list means that it loads.
 */
export function abiProblems(wasm: Uint8Array): readonly string[] {
  // Copied: WebAssembly wants bytes that no other thread can change, which the type of a plain Uint8Array allows.
  const module = new WebAssembly.Module(new Uint8Array(wasm));
  const problems: string[] = [];
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from !== 'env' || kind !== 'function' || !HOST_FUNCTIONS.has(name)) {
      problems.push(`imports ${kind} ${from}.${name}, which is no host function of Proxy-Wasm ABI 0.2.1`);
    }
  }
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  for (const name of REQUIRED_EXPORTS) {
    if (!exported.has(name)) problems.push(`does not export ${name}, ${HANDED_ON}`);
  }
  for (const name of exported) {
    if (!REQUIRED_EXPORTS.has(name) && !CALLBACKS.has(name)) problems.push(`exports ${name}, which Envoy never calls`);
  }
  for (const [name, signature] of exportedFunctions(wasm)) {
    const wanted = CALLBACKS.get(name);
    if (wanted === undefined || wanted === signature) continue;
    problems.push(`exports ${name}${formatSignature(signature)}, which Envoy calls as ${formatSignature(wanted)}`);
  }
  return problems;
}
