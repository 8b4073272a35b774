import { RESULT, resultText, utf8, utf8Length } from "./text";

@external("env", "proxy_get_header_map_value")
declare function proxy_get_header_map_value(map: u32, key: usize, keyLen: usize, ptr: usize, len: usize): u32;
@external("env", "proxy_add_header_map_value")
declare function proxy_add_header_map_value(map: u32, key: usize, keyLen: usize, value: usize, valueLen: usize): u32;
@external("env", "proxy_replace_header_map_value")
declare function proxy_replace_header_map_value(map: u32, key: usize, keyLen: usize, value: usize, valueLen: usize): u32;
@external("env", "proxy_remove_header_map_value")
declare function proxy_remove_header_map_value(map: u32, key: usize, keyLen: usize): u32;

/**
 * Headers or trailers of a request or a response, in the callback that hands them over. A write returns whether Envoy took
 * it. Writing a request header makes Envoy choose the route anew.
 */
@final
export class Headers {
  constructor(private map: u32) {}

  /** The first value of a header, or `null`. Of a request also ":path", ":method", ":authority"; of a response ":status". */
  get(name: string): string | null {
    store<u64>(RESULT, 0);
    const found = proxy_get_header_map_value(this.map, utf8(name), utf8Length(name), RESULT, RESULT + 4) == 0;
    return found ? resultText() : null;
  }

  /** Sets a header to one value, whatever it had. */
  set(name: string, value: string): bool {
    return proxy_replace_header_map_value(this.map, utf8(name), utf8Length(name), utf8(value), utf8Length(value)) == 0;
  }

  /** Adds a value to those that a header has. */
  add(name: string, value: string): bool {
    return proxy_add_header_map_value(this.map, utf8(name), utf8Length(name), utf8(value), utf8Length(value)) == 0;
  }

  /** Removes a header with all its values. */
  remove(name: string): bool {
    return proxy_remove_header_map_value(this.map, utf8(name), utf8Length(name)) == 0;
  }
}

export const requestHeaders: Headers = new Headers(0);
export const requestTrailers: Headers = new Headers(1);
export const responseHeaders: Headers = new Headers(2);
export const responseTrailers: Headers = new Headers(3);
