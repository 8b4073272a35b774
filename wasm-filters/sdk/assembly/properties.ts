import { RESULT, resultText, utf8, utf8Length } from "./text";

@external("env", "proxy_get_property")
declare function proxy_get_property(path: usize, pathLen: usize, ptr: usize, len: usize): u32;
@external("env", "proxy_set_property")
declare function proxy_set_property(path: usize, pathLen: usize, value: usize, valueLen: usize): u32;

/**
 * A property of the request by its path, as text, or `null`: ["source", "address"], ["request", "id"], ["xds", "route_name"]
 * (Envoy, "Attributes").
 */
export function property(path: string[]): string | null {
  const joined = path.join("\0");
  store<u64>(RESULT, 0);
  return proxy_get_property(utf8(joined), utf8Length(joined), RESULT, RESULT + 4) == 0 ? resultText() : null;
}

/** Keeps text with the request, as filter state `wasm.<name>`: access logs and later filters can read it. */
export function setProperty(name: string, value: string): bool {
  return proxy_set_property(utf8(name), utf8Length(name), utf8(value), utf8Length(value)) == 0;
}
