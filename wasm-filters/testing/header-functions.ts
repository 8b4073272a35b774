import type { GuestMemory } from './guest-memory.ts';
import { decodePairs, encodePairs, type Headers } from './header-pairs.ts';
import type { HostFunction } from './host-functions.ts';
import { currentStream, type HostState } from './host-state.ts';
import { BAD_ARGUMENT, NOT_FOUND, OK } from './wasm-result.ts';

const REQUEST_HEADERS = 0;
const RESPONSE_HEADERS = 2;
const CALL_HEADERS = 6;
const CALL_TRAILERS = 7;

type Pairs = [string, string][];

/**
 * The header map functions. The headers of a request and its response exist, but not on the root context, and those of the
 * answer to a call while it is handed over, to be read only: anything else is BadArgument. Names are compared and written in
 * lower case.
 */
export function headerFunctions(state: HostState, memory: GuestMemory): Readonly<Record<string, HostFunction>> {
  const change = (type: number, make: (headers: Pairs) => Pairs | undefined): number => {
    const stream = currentStream(state);
    const isRequest = type === REQUEST_HEADERS;
    const headers = isRequest ? stream?.headers : type === RESPONSE_HEADERS ? stream?.responseHeaders : undefined;
    const made = headers === undefined ? undefined : make(headers);
    if (stream === undefined || made === undefined) return BAD_ARGUMENT;
    if (isRequest) stream.headers = made;
    else stream.responseHeaders = made;
    return OK;
  };
  const readable = (type: number): Headers | undefined => {
    if (type === REQUEST_HEADERS) return currentStream(state)?.headers;
    if (type === RESPONSE_HEADERS) return currentStream(state)?.responseHeaders;
    if (state.answer?.kind !== 'response') return undefined;
    if (type === CALL_HEADERS) return state.answer.headers;
    return type === CALL_TRAILERS ? state.answer.trailers : undefined;
  };
  const nameAt = (pointer: number, size: number): string => memory.text(pointer, size).toLowerCase();
  const without = (headers: Pairs, name: string): Pairs => headers.filter(([other]) => other.toLowerCase() !== name);

  return {
    proxy_get_header_map_pairs: (type: number, pointerOut: number, sizeOut: number) => {
      const headers = readable(type);
      if (headers === undefined) return BAD_ARGUMENT;
      memory.give(encodePairs(headers), pointerOut, sizeOut);
      return OK;
    },
    proxy_set_header_map_pairs: (type: number, pairs: number, size: number) =>
      change(type, () => decodePairs(memory.bytes(pairs, size))?.map(([name, value]) => [name.toLowerCase(), value])),
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
      change(type, (headers) => [...headers, [nameAt(key, size), memory.text(value, valueSize)]]),
    proxy_replace_header_map_value: (type: number, key: number, size: number, value: number, valueSize: number) =>
      change(type, (headers) => {
        const name = nameAt(key, size);
        return [...without(headers, name), [name, memory.text(value, valueSize)]];
      }),
    proxy_remove_header_map_value: (type: number, key: number, size: number) =>
      change(type, (headers) => without(headers, nameAt(key, size))),
  };
}
