import { getProperty, resultLen, resultPtr } from "../../sdk/assembly/host";
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

/** The place of the instance that is called. */
export function place(): u32 {
  if (!getProperty(PLUGIN_NAME)) return Place.first;
  if (LOGIN.equals(resultPtr(), resultLen())) return Place.login;
  if (AFTER.equals(resultPtr(), resultLen())) return Place.after;
  return isRecheckName() ? Place.recheck : Place.first;
}

function isRecheckName(): bool {
  return RECHECK.equals(resultPtr(), resultLen()) || AFTER_RECHECK.equals(resultPtr(), resultLen());
}

/** Whether the instance that is called is a recheck of requests that have passed no filters of users. */
export function isRecheckWithoutUsers(): bool {
  return getProperty(PLUGIN_NAME) && RECHECK.equals(resultPtr(), resultLen());
}
