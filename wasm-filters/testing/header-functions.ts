import type { GuestMemory } from './guest-memory.ts';
import { decodePairs, encodePairs, type Headers } from './header-pairs.ts';
import type { HostFunction } from './host-functions.ts';
import { currentStream, type HostState, type StreamState } from './host-state.ts';
import { BAD_ARGUMENT, NOT_FOUND, OK } from './wasm-result.ts';

const REQUEST_HEADERS = 0;
const CALL_HEADERS = 6;
const CALL_TRAILERS = 7;

/**
 * The header map functions. The request headers exist, but not on the root context, and those of the answer to a call
 * while it is handed over, to be read only: anything else is BadArgument. Names are compared and written in lower case.
 */
export function headerFunctions(state: HostState, memory: GuestMemory): Readonly<Record<string, HostFunction>> {
  const onHeaders = (type: number, use: (stream: StreamState) => number): number => {
    const stream = currentStream(state);
    return type === REQUEST_HEADERS && stream !== undefined ? use(stream) : BAD_ARGUMENT;
  };
  const readable = (type: number): Headers | undefined => {
    if (type === REQUEST_HEADERS) return currentStream(state)?.headers;
    if (state.answer?.kind !== 'response') return undefined;
    if (type === CALL_HEADERS) return state.answer.headers;
    return type === CALL_TRAILERS ? state.answer.trailers : undefined;
  };
  const nameAt = (pointer: number, size: number): string => memory.text(pointer, size).toLowerCase();
  const without = (headers: readonly [string, string][], name: string): [string, string][] =>
    headers.filter(([other]) => other.toLowerCase() !== name);

  return {
    proxy_get_header_map_pairs: (type: number, pointerOut: number, sizeOut: number) => {
      const headers = readable(type);
      if (headers === undefined) return BAD_ARGUMENT;
      memory.give(encodePairs(headers), pointerOut, sizeOut);
      return OK;
    },
    proxy_set_header_map_pairs: (type: number, pairs: number, size: number) =>
      onHeaders(type, (stream) => {
        const headers = decodePairs(memory.bytes(pairs, size));
        if (headers === undefined) return BAD_ARGUMENT;
        stream.headers = headers.map(([name, value]) => [name.toLowerCase(), value]);
        return OK;
      }),
    proxy_get_header_map_value: (type: number, key: number, size: number, pointerOut: number, sizeOut: number) => {
      const headers = readable(type);
      if (headers === undefined) return BAD_ARGUMENT;
      const name = nameAt(key, size);
      // As in Envoy: of a header that repeats, only the first value is returned.
      const found = headers.find(([other]) => other.toLowerCase() === name);
      if (found === undefined) return NOT_FOUND;
      memory.give(found[1], pointerOut, sizeOut);
      return OK;
    },
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
