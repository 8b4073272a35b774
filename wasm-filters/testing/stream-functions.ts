import type { GuestMemory } from './guest-memory.ts';
import { decodePairs } from './header-pairs.ts';
import type { HostFunction } from './host-functions.ts';
import { currentStream, type HostState } from './host-state.ts';
import { BAD_ARGUMENT, NOT_FOUND, OK } from './wasm-result.ts';

/** The functions that work on one request beside its headers: properties, the local response, continuing. */
export function streamFunctions(state: HostState, memory: GuestMemory): Readonly<Record<string, HostFunction>> {
  return {
    proxy_get_property(path: number, size: number, pointerOut: number, sizeOut: number) {
      const segments = memory.text(path, size).replace(/\0$/, '').split('\0');
      const stream = currentStream(state);
      const value =
        segments[0] === 'plugin_name' || segments[0] === 'plugin_root_id'
          ? state.pluginName
          : (stream?.filterState.get(segments.join('\0')) ?? stream?.properties(segments, stream.received));
      if (value === undefined) return NOT_FOUND;
      memory.give(value, pointerOut, sizeOut);
      return OK;
    },
    proxy_set_property(path: number, size: number, value: number, valueSize: number) {
      const stream = currentStream(state);
      if (stream === undefined) return BAD_ARGUMENT;
      stream.filterState.set(memory.text(path, size), memory.bytes(value, valueSize));
      return OK;
    },
    proxy_send_local_response(
      status: number,
      details: number,
      detailsSize: number,
      body: number,
      bodySize: number,
      headers: number,
      headersSize: number,
    ) {
      const stream = currentStream(state);
      if (stream === undefined) return BAD_ARGUMENT;
      const pairs = decodePairs(memory.bytes(headers, headersSize));
      if (pairs === undefined) return BAD_ARGUMENT;
      // The first answer is on its way; Envoy ignores another.
      stream.response ??= {
        status,
        details: memory.text(details, detailsSize),
        headers: pairs,
        body: memory.text(body, bodySize),
      };
      return OK;
    },
    proxy_continue_stream(type: number) {
      const stream = currentStream(state);
      if (type !== 0 || stream === undefined) return BAD_ARGUMENT;
      stream.continued = true;
      return OK;
    },
  };
}
