import { alloc } from "./arena";
import { Slice } from "./slice";

// The host's functions (proxy-wasm ABI 0.2.1). Every one answers 0 for success.

@external("env", "proxy_log")
declare function proxy_log(level: u32, ptr: usize, len: usize): u32;
@external("env", "proxy_get_header_map_pairs")
declare function proxy_get_header_map_pairs(map: u32, ptr: usize, len: usize): u32;
@external("env", "proxy_replace_header_map_value")
declare function proxy_replace_header_map_value(map: u32, key: usize, keyLen: usize, value: usize, valueLen: usize): u32;
@external("env", "proxy_add_header_map_value")
declare function proxy_add_header_map_value(map: u32, key: usize, keyLen: usize, value: usize, valueLen: usize): u32;
@external("env", "proxy_remove_header_map_value")
declare function proxy_remove_header_map_value(map: u32, key: usize, keyLen: usize): u32;
@external("env", "proxy_get_property")
declare function proxy_get_property(path: usize, pathLen: usize, ptr: usize, len: usize): u32;
@external("env", "proxy_set_property")
declare function proxy_set_property(path: usize, pathLen: usize, value: usize, valueLen: usize): u32;
@external("env", "proxy_get_header_map_value")
declare function proxy_get_header_map_value(map: u32, key: usize, keyLen: usize, ptr: usize, len: usize): u32;
@external("env", "proxy_http_call")
declare function proxy_http_call(
  cluster: usize, clusterLen: usize, headers: usize, headersLen: usize, body: usize, bodyLen: usize,
  trailers: usize, trailersLen: usize, milliseconds: u32, token: usize,
): u32;
@external("env", "proxy_set_effective_context")
declare function proxy_set_effective_context(context: u32): u32;
@external("env", "proxy_continue_stream")
declare function proxy_continue_stream(stream: u32): u32;
@external("env", "proxy_get_buffer_bytes")
declare function proxy_get_buffer_bytes(buffer: u32, start: u32, max: u32, ptr: usize, len: usize): u32;
@external("env", "proxy_send_local_response")
declare function proxy_send_local_response(
  status: u32, details: usize, detailsLen: usize, body: usize, bodyLen: usize, headers: usize, headersLen: usize, grpc: i32,
): u32;
@external("env", "proxy_get_current_time_nanoseconds")
declare function proxy_get_current_time_nanoseconds(to: usize): u32;
@external("env", "proxy_call_foreign_function")
declare function proxy_call_foreign_function(
  name: usize, nameLen: usize, args: usize, argsLen: usize, ptr: usize, len: usize,
): u32;
@external("env", "proxy_get_shared_data")
declare function proxy_get_shared_data(key: usize, keyLen: usize, ptr: usize, len: usize, cas: usize): u32;
@external("env", "proxy_set_shared_data")
declare function proxy_set_shared_data(key: usize, keyLen: usize, value: usize, valueLen: usize, cas: u32): u32;
@external("env", "proxy_define_metric")
declare function proxy_define_metric(type: u32, name: usize, nameLen: usize, id: usize): u32;
@external("env", "proxy_increment_metric")
declare function proxy_increment_metric(id: u32, offset: i64): u32;

const REQUEST_HEADERS: u32 = 0;
const RESPONSE_HEADERS: u32 = 2;
const CALL_TRAILERS: u32 = 7;
const CALL_BODY: u32 = 4;
const PLUGIN_CONFIGURATION: u32 = 7;
const REQUEST: u32 = 0;

export namespace LogLevel {
  export const debug: u32 = 1;
  export const info: u32 = 2;
  export const warn: u32 = 3;
  export const error: u32 = 4;
}

/** Where the host writes what it returns: a pointer, a length, and a number of 64 bits. */
const OUT: usize = memory.data(16, 8);

/** The bytes that the last call returned; they stay until the callback ends. */
@inline export function resultPtr(): usize { return load<usize>(OUT); }
@inline export function resultLen(): u32 { return load<u32>(OUT, 4); }

/** Writes a line to Envoy's log. Never with anything a client sent as a secret. */
export function log(level: u32, text: string): void {
  const len = String.UTF8.byteLength(text);
  const ptr = alloc(len + 1);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, ptr);
  proxy_log(level, ptr, len);
}

/** Reads a property; the segments of its path are separated by NUL. */
@inline export function getProperty(path: Slice): bool {
  store<u64>(OUT, 0);
  return proxy_get_property(path.ptr, path.len, OUT, OUT + 4) == 0;
}

/** Sets a property of the request, which Envoy keeps as filter state `wasm.<name>`: native filters match on it. */
@inline export function setProperty(name: Slice, value: Slice): bool {
  return proxy_set_property(name.ptr, name.len, value.ptr, value.len) == 0;
}

/** Whether request headers have been written since they were read. */
let areChanged: bool = false;

/** Whether request headers have been written since `getRequestHeaders`: what it read is no longer what there is. */
@inline export function areHeadersChanged(): bool { return areChanged; }

/** Reads all request headers at once, in the ABI's form: see `HeaderPairs`. */
@inline export function getRequestHeaders(): bool {
  areChanged = false;
  store<u64>(OUT, 0);
  return proxy_get_header_map_pairs(REQUEST_HEADERS, OUT, OUT + 4) == 0;
}

/** Sets a request header to one value, whatever it had. Envoy then chooses the route anew. */
@inline export function setRequestHeader(name: Slice, value: usize, valueLen: u32): bool {
  areChanged = true;
  return proxy_replace_header_map_value(REQUEST_HEADERS, name.ptr, name.len, value, valueLen) == 0;
}

/** Adds a value to those of a request header. Envoy then chooses the route anew. */
@inline export function addRequestHeader(name: Slice, value: usize, valueLen: u32): bool {
  areChanged = true;
  return proxy_add_header_map_value(REQUEST_HEADERS, name.ptr, name.len, value, valueLen) == 0;
}

/** Removes a request header. Envoy then chooses the route anew. */
@inline export function removeRequestHeader(name: Slice): bool {
  areChanged = true;
  return proxy_remove_header_map_value(REQUEST_HEADERS, name.ptr, name.len) == 0;
}

/** Sets a response header to one value, whatever it had. */
@inline export function setResponseHeader(name: Slice, value: usize, valueLen: u32): bool {
  return proxy_replace_header_map_value(RESPONSE_HEADERS, name.ptr, name.len, value, valueLen) == 0;
}

/** Adds a value to those of a response header. */
@inline export function addResponseHeader(name: Slice, value: usize, valueLen: u32): bool {
  return proxy_add_header_map_value(RESPONSE_HEADERS, name.ptr, name.len, value, valueLen) == 0;
}

/** Removes a response header. */
@inline export function removeResponseHeader(name: Slice): bool {
  return proxy_remove_header_map_value(RESPONSE_HEADERS, name.ptr, name.len) == 0;
}

/** Reads the configuration of the plugin that is being configured. */
@inline export function getPluginConfiguration(size: u32): bool {
  store<u64>(OUT, 0);
  return proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, OUT, OUT + 4) == 0;
}

/**
 * Sends a request to a cluster; -1 when that is not possible, else the token by which `proxy_on_http_call_response` names
 * the answer. `headers` are in the ABI's form for pairs. The call belongs to the plugin, not to the request.
 */
export function httpCall(cluster: Slice, headers: Slice, body: Slice, milliseconds: u32): i64 {
  const status = proxy_http_call(
    cluster.ptr, cluster.len, headers.ptr, headers.len, body.ptr, body.len, 0, 0, milliseconds, OUT + 8,
  );
  return status == 0 ? <i64>load<u32>(OUT, 8) : -1;
}

/** Reads the body of the answer to a call, `size` bytes. Before `useStream`: the answer is the plugin's. */
@inline export function getCallBody(size: u32): bool {
  store<u64>(OUT, 0);
  return proxy_get_buffer_bytes(CALL_BODY, 0, size, OUT, OUT + 4) == 0;
}

/** Reads a trailer of the answer to a call. */
@inline export function getCallTrailer(name: Slice): bool {
  store<u64>(OUT, 0);
  return proxy_get_header_map_value(CALL_TRAILERS, name.ptr, name.len, OUT, OUT + 4) == 0;
}

/** Lets the functions of the host work on another request until the callback ends; false when that one is gone. */
@inline export function useStream(context: u32): bool {
  return proxy_set_effective_context(context) == 0;
}

/** Lets a request that was stopped go on, once the callback has ended. */
@inline export function continueRequest(): void {
  proxy_continue_stream(REQUEST);
}

/** Answers the request here. `headers` are in the ABI's form for pairs, or empty. */
@inline export function sendLocalResponse(status: u32, details: Slice, body: Slice, headers: Slice): void {
  proxy_send_local_response(status, details.ptr, details.len, body.ptr, body.len, headers.ptr, headers.len, -1);
}

/** Nanoseconds since the Unix epoch. */
@inline export function now(): u64 {
  proxy_get_current_time_nanoseconds(OUT + 8);
  return load<u64>(OUT, 8);
}

/** Calls a function that Envoy offers beside the ABI. */
@inline export function callForeign(name: Slice, args: usize, argsLen: usize): bool {
  store<u64>(OUT, 0);
  return proxy_call_foreign_function(name.ptr, name.len, args, argsLen, OUT, OUT + 4) == 0;
}

/** What `setSharedData` takes for a key that has no value yet. */
export const NOT_THERE: u32 = 0xffffffff;

/** Reads a value that all workers share; its version is `resultVersion()`. */
@inline export function getSharedData(key: Slice): bool {
  store<u64>(OUT, 0);
  return proxy_get_shared_data(key.ptr, key.len, OUT, OUT + 4, OUT + 8) == 0;
}

/** The version of the value that `getSharedData` read; never `NOT_THERE`. */
@inline export function resultVersion(): u32 { return load<u32>(OUT, 8); }

/**
 * Writes a value that all workers share, if nobody has written it since it had this version. Under `NOT_THERE` it is written
 * only where there is none: the host compares no version while the key is missing, and this one equals none when it is not.
 */
@inline export function setSharedData(key: Slice, value: usize, len: u32, version: u32): bool {
  return proxy_set_shared_data(key.ptr, key.len, value, len, version) == 0;
}

/** Adds 1 to the counter of this name among Envoy's statistics, where it is `wasmcustom.<name>`. */
export function countOne(name: Slice): void {
  const counter: u32 = 0;
  if (proxy_define_metric(counter, name.ptr, name.len, OUT + 8) == 0) proxy_increment_metric(load<u32>(OUT, 8), 1);
}
