import type { GuestMemory } from './guest-memory.ts';
import { decodePairs, encodePairs } from './header-pairs.ts';
import type { HostFunction } from './host-functions.ts';
import type { HostState, StreamState } from './host-state.ts';
import { BAD_ARGUMENT, NOT_FOUND, OK } from './wasm-result.ts';

const REQUEST_HEADERS = 0;

/**
 * The header map functions. Only the request headers exist, and not on the root context: anything else is
 * BadArgument. Names are compared and written in lower case.
 */
export function headerFunctions(state: HostState, memory: GuestMemory): Readonly<Record<string, HostFunction>> {
  const onHeaders = (type: number, use: (stream: StreamState) => number): number =>
    type === REQUEST_HEADERS && state.stream !== undefined && state.context === state.stream.id
      ? use(state.stream)
      : BAD_ARGUMENT;
  const nameAt = (pointer: number, size: number): string => memory.text(pointer, size).toLowerCase();
  const without = (headers: readonly [string, string][], name: string): [string, string][] =>
    headers.filter(([other]) => other.toLowerCase() !== name);

  return {
    proxy_get_header_map_pairs: (type: number, pointerOut: number, sizeOut: number) =>
      onHeaders(type, ({ headers }) => {
        memory.give(encodePairs(headers), pointerOut, sizeOut);
        return OK;
      }),
    proxy_set_header_map_pairs: (type: number, pairs: number, size: number) =>
      onHeaders(type, (stream) => {
        const headers = decodePairs(memory.bytes(pairs, size));
        if (headers === undefined) return BAD_ARGUMENT;
        stream.headers = headers.map(([name, value]) => [name.toLowerCase(), value]);
        return OK;
      }),
    proxy_get_header_map_value: (type: number, key: number, size: number, pointerOut: number, sizeOut: number) =>
      onHeaders(type, ({ headers }) => {
        const name = nameAt(key, size);
        // As in Envoy: of a header that repeats, only the first value is returned.
        const found = headers.find(([other]) => other.toLowerCase() === name);
        if (found === undefined) return NOT_FOUND;
        memory.give(found[1], pointerOut, sizeOut);
        return OK;
      }),
    proxy_add_header_map_value: (type: number, key: number, size: number, value: number, valueSize: number) =>
      onHeaders(type, (stream) => {
        stream.headers.push([nameAt(key, size), memory.text(value, valueSize)]);
        return OK;
      }),
    proxy_replace_header_map_value: (type: number, key: number, size: number, value: number, valueSize: number) =>
      onHeaders(type, (stream) => {
        const name = nameAt(key, size);
        stream.headers = [...without(stream.headers, name), [name, memory.text(value, valueSize)]];
        return OK;
      }),
    proxy_remove_header_map_value: (type: number, key: number, size: number) =>
      onHeaders(type, (stream) => {
        stream.headers = without(stream.headers, nameAt(key, size));
        return OK;
      }),
  };
}
