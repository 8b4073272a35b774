import { HOST_FUNCTIONS } from '#wasm-filters/build/abi.ts';
import { InvalidMemoryAccess } from './guest-memory.ts';
import type { GuestMemory } from './guest-memory.ts';
import { callFunctions } from './call-functions.ts';
import { headerFunctions } from './header-functions.ts';
import { ROOT_CONTEXT } from './host-state.ts';
import type { HostState, LogLine } from './host-state.ts';
import { streamFunctions } from './stream-functions.ts';
import { verifySignature } from './verify-signature.ts';
import { BAD_ARGUMENT, CAS_MISMATCH, INVALID_MEMORY_ACCESS, NOT_FOUND, OK } from './wasm-result.ts';

/** A function of the ABI whose parameters are all 32 bits wide; returns a result of `wasm-result.ts`. */
export type HostFunction = (...args: number[]) => number;

const CALL_BODY = 4;
const VM_CONFIGURATION = 6;
const PLUGIN_CONFIGURATION = 7;
const LEVELS: readonly LogLine['level'][] = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

/**
 * The `env` imports of Proxy-Wasm ABI 0.2.1 over `state`. A pointer outside the memory of the guest gives
 * InvalidMemoryAccess; a function of the ABI that this host does not have throws, naming itself.
 */
export function hostFunctions(state: HostState, memory: GuestMemory): Readonly<Record<string, unknown>> {
  const imports: Record<string, unknown> = {};
  for (const name of HOST_FUNCTIONS) {
    imports[name] = () => {
      throw new Error(`the test host does not implement ${name}`);
    };
  }
  const present = {
    ...headerFunctions(state, memory),
    ...streamFunctions(state, memory),
    ...callFunctions(state, memory),
    ...processFunctions(state, memory),
  };
  for (const [name, call] of Object.entries(present)) imports[name] = checked(call);
  // The only function with a parameter of 64 bits.
  imports['proxy_increment_metric'] = (id: number, offset: bigint): number => {
    const metric = state.metrics[id];
    if (metric === undefined) return NOT_FOUND;
    metric.value += offset;
    return OK;
  };
  return imports;
}

function checked(call: HostFunction): HostFunction {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      if (error instanceof InvalidMemoryAccess) return INVALID_MEMORY_ACCESS;
      throw error;
    }
  };
}

function processFunctions(state: HostState, memory: GuestMemory): Readonly<Record<string, HostFunction>> {
  return {
    proxy_log(level: number, message: number, size: number) {
      const name = LEVELS[level];
      if (name === undefined) return BAD_ARGUMENT;
      state.logs.push({ level: name, message: memory.text(message, size) });
      return OK;
    },
    proxy_get_buffer_bytes(type: number, start: number, length: number, pointerOut: number, sizeOut: number) {
      const buffer = bufferOf(type, state);
      if (buffer === undefined) return NOT_FOUND;
      const bytes = buffer.subarray(start >>> 0, (start >>> 0) + (length >>> 0));
      // As in Envoy: with nothing to copy, the out parameters are left as they were.
      if (bytes.byteLength > 0) memory.give(bytes, pointerOut, sizeOut);
      return OK;
    },
    proxy_get_current_time_nanoseconds(out: number) {
      // The fraction of a millisecond survives; a product in floating point would not be exact.
      const now = state.now();
      const whole = Math.floor(now);
      memory.writeU64(out, BigInt(whole) * 1_000_000n + BigInt(Math.round((now - whole) * 1e6)));
      return OK;
    },
    proxy_set_tick_period_milliseconds(period: number) {
      state.tickPeriod = period;
      return OK;
    },
    proxy_set_effective_context(id: number) {
      if (id !== ROOT_CONTEXT && !state.streams.has(id)) return BAD_ARGUMENT;
      state.context = id;
      return OK;
    },
    proxy_get_shared_data(key: number, keySize: number, pointerOut: number, sizeOut: number, casOut: number) {
      const found = state.shared.get(memory.text(key, keySize));
      if (found === undefined) return NOT_FOUND;
      memory.give(found.value, pointerOut, sizeOut);
      memory.writeU32(casOut, found.cas);
      return OK;
    },
    proxy_set_shared_data(key: number, keySize: number, value: number, size: number, cas: number) {
      const stored = state.shared.set(memory.text(key, keySize), memory.bytes(value, size), cas >>> 0);
      return stored ? OK : CAS_MISMATCH;
    },
    proxy_call_foreign_function(
      name: number,
      nameSize: number,
      args: number,
      size: number,
      out: number,
      outSize: number,
    ) {
      if (memory.text(name, nameSize) !== 'verify_signature') return NOT_FOUND;
      const result = verifySignature(memory.bytes(args, size));
      if (result === undefined) return BAD_ARGUMENT;
      memory.give(result, out, outSize);
      return OK;
    },
    proxy_define_metric(_type: number, name: number, size: number, idOut: number) {
      const text = memory.text(name, size);
      const known = state.metrics.findIndex((metric) => metric.name === text);
      memory.writeU32(idOut, known === -1 ? state.metrics.push({ name: text, value: 0n }) - 1 : known);
      return OK;
    },
  };
}

/** The bytes behind a buffer type; those of an answer belong to the plugin, not to a request. */
function bufferOf(type: number, state: HostState): Uint8Array | undefined {
  if (type === VM_CONFIGURATION) return state.vmConfig;
  if (type === PLUGIN_CONFIGURATION) return state.pluginConfig;
  const isAnswer = type === CALL_BODY && state.context === ROOT_CONTEXT;
  return isAnswer && state.answer?.kind === 'response' ? state.answer.body : undefined;
}
