/**
 * The `authorization` module: lets requests pass that its rules allow.
 *
 * In: a `sluice.filter.v1.Authorization` as JSON, or an `AuthorizationFilter`. Out: the request goes on, or is answered with 403.
 * It knows of no tokens: rules that ask for one match nothing.
 */
import "../../sdk/assembly/abort";
import { resetArena } from "../../sdk/assembly/arena";
import { usePairs } from "../../sdk/assembly/header-pairs";
import { getRequestHeaders, resultLen, resultPtr } from "../../sdk/assembly/host";
import { Plugins } from "../../sdk/assembly/plugins";
import { rootOf } from "../../sdk/assembly/root";
import { Slice } from "../../sdk/assembly/slice";
import { Configuration } from "./configuration";
import { isAllowed } from "./decide";
import { answerForbidden } from "./forbidden";

export * from "../../sdk/assembly/entry";

const CONTINUE: u32 = 0;
const STOP: u32 = 1;

const plugins = new Plugins<Configuration>("authorization: the configuration is refused: it is no Authorization, or cannot be evaluated");

export function proxy_on_configure(root: u32, size: u32): u32 {
  resetArena();
  return plugins.configure(root, size, new Configuration());
}

export function proxy_on_request_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
  const root = rootOf(context);
  if (plugins.has(root) && getRequestHeaders()) {
    usePairs(resultPtr(), resultLen());
    if (isAllowed(plugins.get(root).rules, Slice.EMPTY, 0)) return CONTINUE;
  }
  answerForbidden();
  return STOP;
}

/** A plugin ends. */
export function proxy_on_delete(context: u32): void {
  plugins.drop(context);
}
