import { getProperty, resultLen, resultPtr } from "../../sdk/assembly/host";
import { streamPlugin } from "../../sdk/assembly/questions";
import { literal } from "../../sdk/assembly/slice";

const PLUGIN_NAME = literal("plugin_name");
const LOGIN = literal("sluice.policy.login");
const AFTER = literal("sluice.policy.after");
const RECHECK = literal("sluice.policy.recheck");
const AFTER_RECHECK = literal("sluice.policy.after.recheck");

/** Where in the chain of filters an instance of this one stands, by the name of its plugin. */
export namespace Place {
  /** Before users' filters: it decides whether they see the request at all. */
  export const first: u32 = 0;
  /**
   * Behind users' filters, which may have changed everything about the request but its route's policy: it evaluates that
   * policy again, and trusts nothing that came through them.
   */
  export const after: u32 = 1;
  /**
   * Behind what may write headers, and a native filter that asks for the route. A header that this filter writes makes Envoy
   * choose the route anew, but not before a native filter or the router asks for it: until the end of the callback
   * `xds.route_metadata` is that of the old route (measured, Envoy 1.40). So the policy of a route to which a written header
   * leads can only be judged by an instance behind. That one writes nothing, or the route would change again behind it: a
   * request that lacks a header which the new route's policy writes is refused.
   */
  export const recheck: u32 = 2;
  /** Behind the sidecar, for requests that were left to it: it evaluates the policy, by the session that came of it. */
  export const login: u32 = 3;
}

/** `Place.recheck` for requests that have passed filters of users, as it is noted. */
const RECHECK_OF_USERS: u32 = 4;

// The places of plugins that were configured, by their root contexts: to ask Envoy on every request costs more than a decision.
// A plugin that another one has taken the entry of is asked for again.
const ENTRIES: u32 = 1024;
/** An entry: [root][place]. */
const TABLE: usize = memory.data(8192, 8);

/** Notes the place of a plugin that is being configured. */
export function notePlace(root: u32): void {
  const entry = entryOf(root);
  store<u32>(entry, root);
  store<u32>(entry, placeByName(), 4);
}

/** The place of the instance that is called. */
export function place(): u32 {
  const here = notedPlace();
  return here == RECHECK_OF_USERS ? Place.recheck : here;
}

/** Whether the instance that is called is a recheck of requests that have passed no filters of users. */
export function isRecheckWithoutUsers(): bool {
  return notedPlace() == Place.recheck;
}

function notedPlace(): u32 {
  const root = streamPlugin();
  const entry = entryOf(root);
  if (root == 0 || load<u32>(entry) != root) notePlace(root);
  return load<u32>(entry, 4);
}

@inline function entryOf(root: u32): usize {
  return TABLE + <usize>((root & (ENTRIES - 1)) << 3);
}

function placeByName(): u32 {
  if (!getProperty(PLUGIN_NAME)) return Place.first;
  if (LOGIN.equals(resultPtr(), resultLen())) return Place.login;
  if (AFTER.equals(resultPtr(), resultLen())) return Place.after;
  if (RECHECK.equals(resultPtr(), resultLen())) return Place.recheck;
  return AFTER_RECHECK.equals(resultPtr(), resultLen()) ? RECHECK_OF_USERS : Place.first;
}
