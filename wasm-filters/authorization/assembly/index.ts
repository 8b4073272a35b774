/**
 * The `authorization` module: lets requests pass that its rules allow.
 *
 * In: a `sluice.filter.v1.Authorization` as JSON, or an `AuthorizationFilter`. Out: the request goes on, or is answered with 403.
 * It knows of no tokens: rules that ask for one match nothing.
 */
import "../../sdk/assembly/abort";
import { alloc, resetArena } from "../../sdk/assembly/arena";
import { usePairs } from "../../sdk/assembly/header-pairs";
import { getRequestHeaders, log, LogLevel, resultLen, resultPtr } from "../../sdk/assembly/host";
import { noteContext, rootOf } from "../../sdk/assembly/root";
import { Slice } from "../../sdk/assembly/slice";
import { Configuration } from "./configuration";
import { isAllowed } from "./decide";
import { answerForbidden } from "./forbidden";

export function proxy_abi_version_0_2_1(): void {}

/** Where the host puts what it hands over. */
export function proxy_on_memory_allocate(size: usize): usize {
  return alloc(size);
}

const CONTINUE: u32 = 0;
const STOP: u32 = 1;

/** The configurations of the plugins in this VM, by their root contexts. */
const configurations = new Map<u32, Configuration>();

export function proxy_on_vm_start(_root: u32, _size: u32): u32 {
  return 1;
}

export function proxy_on_configure(root: u32, size: u32): u32 {
  resetArena();
  const made = new Configuration();
  if (!made.read(size)) {
    log(LogLevel.error, "authorization: the configuration is refused: it is no Authorization, or cannot be evaluated");
    made.free();
    return 0;
  }
  drop(root);
  configurations.set(root, made);
  __collect();
  return 1;
}

export function proxy_on_context_create(context: u32, root: u32): void {
  noteContext(context, root);
}

export function proxy_on_request_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
  const root = rootOf(context);
  if (configurations.has(root) && getRequestHeaders()) {
    usePairs(resultPtr(), resultLen());
    if (isAllowed(configurations.get(root).rules, Slice.EMPTY, 0)) return CONTINUE;
  }
  answerForbidden();
  return STOP;
}

/** A plugin ends. */
export function proxy_on_delete(context: u32): void {
  drop(context);
}

function drop(root: u32): void {
  if (!configurations.has(root)) return;
  configurations.get(root).free();
  configurations.delete(root);
}
