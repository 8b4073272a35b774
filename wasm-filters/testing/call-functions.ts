import type { GuestMemory } from './guest-memory.ts';
import { decodePairs } from './header-pairs.ts';
import type { HostFunction } from './host-functions.ts';
import type { HostState } from './host-state.ts';
import { BAD_ARGUMENT, OK } from './wasm-result.ts';

/** The function that calls a cluster. As in Envoy, a cluster that is not there or headers without a target are BadArgument. */
export function callFunctions(state: HostState, memory: GuestMemory): Readonly<Record<string, HostFunction>> {
  let last = 0;
  return {
    proxy_http_call(
      cluster: number,
      clusterSize: number,
      headers: number,
      headersSize: number,
      body: number,
      bodySize: number,
      _trailers: number,
      _trailersSize: number,
      timeout: number,
      tokenOut: number,
    ) {
      const name = memory.text(cluster, clusterSize);
      const pairs = decodePairs(memory.bytes(headers, headersSize));
      const names = new Set(pairs?.map(([key]) => key));
      const isComplete = [':method', ':path', ':authority'].every((key) => names.has(key));
      if (!state.clusters.has(name) || pairs === undefined || !isComplete) return BAD_ARGUMENT;
      last += 1;
      state.calls.set(last, {
        token: last,
        cluster: name,
        headers: pairs,
        body: memory.bytes(body, bodySize),
        timeout,
      });
      memory.writeU32(tokenOut, last);
      return OK;
    },
  };
}
