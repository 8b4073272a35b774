import { alloc } from "./arena";
import { Slice } from "./slice";

// The host's functions (proxy-wasm ABI 0.2.1). Every one answers 0 for success.

@external("env", "proxy_log")
declare function proxy_log(level: u32, ptr: usize, len: usize): u32;
@external("env", "proxy_get_header_map_pairs")
declare function proxy_get_header_map_pairs(map: u32, ptr: usize, len: usize): u32;
@external("env", "proxy_replace_header_map_value")
declare function proxy_replace_header_map_value(map: u32, key: usize, keyLen: usize, value: usize, valueLen: usize): u32;
@external("env", "proxy_remove_header_map_value")
declare function proxy_remove_header_map_value(map: u32, key: usize, keyLen: usize): u32;
@external("env", "proxy_get_property")
declare function proxy_get_property(path: usize, pathLen: usize, ptr: usize, len: usize): u32;
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

const REQUEST_HEADERS: u32 = 0;
const PLUGIN_CONFIGURATION: u32 = 7;

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

/** Reads all request headers at once, in the ABI's form: see `HeaderPairs`. */
@inline export function getRequestHeaders(): bool {
  store<u64>(OUT, 0);
  return proxy_get_header_map_pairs(REQUEST_HEADERS, OUT, OUT + 4) == 0;
}

/** Sets a request header to one value, whatever it had. Envoy then chooses the route anew. */
@inline export function setRequestHeader(name: Slice, value: usize, valueLen: u32): bool {
  return proxy_replace_header_map_value(REQUEST_HEADERS, name.ptr, name.len, value, valueLen) == 0;
}

/** Removes a request header. Envoy then chooses the route anew. */
@inline export function removeRequestHeader(name: Slice): bool {
  return proxy_remove_header_map_value(REQUEST_HEADERS, name.ptr, name.len) == 0;
}

/** Reads the configuration of the plugin that is being configured. */
@inline export function getPluginConfiguration(size: u32): bool {
  store<u64>(OUT, 0);
  return proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, OUT, OUT + 4) == 0;
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
