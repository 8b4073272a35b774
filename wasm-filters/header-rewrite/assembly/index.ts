/**
 * The `header-rewrite` module: sets, adds and removes headers of requests and responses.
 *
 * In: a `sluice.filter.v1.HeaderRewrite` as JSON, or a `HeaderRewriteFilter`. Out: the changed headers. A configuration that
 * cannot be read, or that writes what is not for it, is refused; a request whose headers cannot be written is answered with 503.
 */
import "../../sdk/assembly/abort";
import { resetArena } from "../../sdk/assembly/arena";
import { usePairs } from "../../sdk/assembly/header-pairs";
import { getRequestHeaders, resultLen, resultPtr, sendLocalResponse } from "../../sdk/assembly/host";
import { Plugins } from "../../sdk/assembly/plugins";
import { rootOf } from "../../sdk/assembly/root";
import { literal, Slice } from "../../sdk/assembly/slice";
import { Configuration } from "./configuration";
import { rewriteRequest } from "./request";
import { forget, keepValues, rewriteResponse, rootOfKept } from "./response";

export * from "../../sdk/assembly/entry";

const CONTINUE: u32 = 0;
const STOP: u32 = 1;

const DETAILS = literal("sluice_header_rewrite_failed");
const BODY = literal("the headers of this request cannot be written\n");

const plugins = new Plugins<Configuration>("header-rewrite: the configuration is refused: it is no HeaderRewrite, or names a header not to be written");

export function proxy_on_configure(root: u32, size: u32): u32 {
  resetArena();
  return plugins.configure(root, size, new Configuration());
}

export function proxy_on_request_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
  const root = rootOf(context);
  if (!plugins.has(root) || !getRequestHeaders()) return fail();
  usePairs(resultPtr(), resultLen());
  const configuration = plugins.get(root);
  if (configuration.hasResponse()) keepValues(context, root, configuration.response);
  return rewriteRequest(configuration.request) ? CONTINUE : fail();
}

export function proxy_on_response_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
  const root = rootOfKept(context);
  if (plugins.has(root)) rewriteResponse(context, plugins.get(root).response);
  return CONTINUE;
}

/** A request, or a plugin, ends. */
export function proxy_on_delete(context: u32): void {
  forget(context);
  plugins.drop(context);
}

function fail(): u32 {
  sendLocalResponse(503, DETAILS, BODY, Slice.EMPTY);
  return STOP;
}
