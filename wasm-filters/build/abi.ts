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

/** The callbacks Envoy looks up by name; any other `proxy_on_*` would never be called. */
export const CALLBACKS: ReadonlySet<string> = names(`
  proxy_on_context_create proxy_on_vm_start proxy_validate_configuration proxy_on_configure proxy_on_tick
  proxy_on_request_headers proxy_on_request_body proxy_on_request_trailers proxy_on_request_metadata
  proxy_on_response_headers proxy_on_response_body proxy_on_response_trailers proxy_on_response_metadata
  proxy_on_http_call_response proxy_on_grpc_receive_initial_metadata proxy_on_grpc_receive
  proxy_on_grpc_receive_trailing_metadata proxy_on_grpc_close proxy_on_queue_ready proxy_on_foreign_function
  proxy_on_done proxy_on_log proxy_on_delete`);

/**
 * Lists why Envoy would refuse `wasm`, or would never call a part of it: an unknown import, a missing export, an export
 * that nothing calls (a misspelt callback fails open in silence). An empty list means that it loads.
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
    if (!exported.has(name)) problems.push(`does not export ${name}`);
  }
  for (const name of exported) {
    if (!REQUIRED_EXPORTS.has(name) && !CALLBACKS.has(name)) problems.push(`exports ${name}, which Envoy never calls`);
  }
  return problems;
}
