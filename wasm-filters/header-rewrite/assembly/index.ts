/**
 * The `header-rewrite` module: sets, adds and removes headers of requests and responses.
 *
 * In: a `sluice.filter.v1.HeaderRewrite` as JSON, or a `HeaderRewriteFilter`. Out: the changed headers. A configuration that
 * cannot be read, or that writes what is not for it, is refused; a request whose headers cannot be written is answered with 503.
 */
import "../../sdk/assembly/abort";
import { alloc, resetArena } from "../../sdk/assembly/arena";
import { usePairs } from "../../sdk/assembly/header-pairs";
import {
  getRequestHeaders, log, LogLevel, resultLen, resultPtr, sendLocalResponse,
} from "../../sdk/assembly/host";
import { noteContext, rootOf } from "../../sdk/assembly/root";
import { literal, Slice } from "../../sdk/assembly/slice";
import { Configuration } from "./configuration";
import { rewriteRequest } from "./request";
import { forget, keepValues, rewriteResponse, rootOfKept } from "./response";

export function proxy_abi_version_0_2_1(): void {}

/** Where the host puts what it hands over. */
export function proxy_on_memory_allocate(size: usize): usize {
  return alloc(size);
}

const CONTINUE: u32 = 0;
const STOP: u32 = 1;

const DETAILS = literal("sluice_header_rewrite_failed");
const BODY = literal("the headers of this request cannot be written\n");

/** The configurations of the plugins in this VM, by their root contexts. */
const configurations = new Map<u32, Configuration>();

export function proxy_on_vm_start(_root: u32, _size: u32): u32 {
  return 1;
}

export function proxy_on_configure(root: u32, size: u32): u32 {
  resetArena();
  const made = new Configuration();
  if (!made.read(size)) {
    log(LogLevel.error, "header-rewrite: the configuration is refused: it is no HeaderRewrite, or names a header not to be written");
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
  if (!configurations.has(root) || !getRequestHeaders()) return fail();
  usePairs(resultPtr(), resultLen());
  const configuration = configurations.get(root);
  if (configuration.hasResponse()) keepValues(context, root, configuration.response);
  return rewriteRequest(configuration.request) ? CONTINUE : fail();
}

export function proxy_on_response_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
  const root = rootOfKept(context);
  if (configurations.has(root)) rewriteResponse(context, configurations.get(root).response);
  return CONTINUE;
}

/** A request, or a plugin, ends. */
export function proxy_on_delete(context: u32): void {
  forget(context);
  drop(context);
}

function drop(root: u32): void {
  if (!configurations.has(root)) return;
  configurations.get(root).free();
  configurations.delete(root);
}

function fail(): u32 {
  sendLocalResponse(503, DETAILS, BODY, Slice.EMPTY);
  return STOP;
}
