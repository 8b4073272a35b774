import { getProperty, resultLen, resultPtr } from "../../sdk/assembly/host";
import { literal } from "../../sdk/assembly/slice";

const PLUGIN_NAME = literal("plugin_name");
const RECHECK = literal("sluice.policy.recheck");

/**
 * Whether this instance of the filter is the second look at a request, by the name of its plugin.
 *
 * A header that the filter writes makes Envoy choose the route anew, but not before a native filter or the router asks for
 * it: until the end of the callback `xds.route_metadata` is that of the old route (measured, Envoy 1.40). So the policy of
 * a route to which a written header leads can only be judged by a second instance, behind a native filter that asks for
 * the route. That one writes nothing, or the route would change again behind it: a request that lacks a header which the
 * new route's policy writes is refused.
 */
export function isRecheck(): bool {
  return getProperty(PLUGIN_NAME) && RECHECK.equals(resultPtr(), resultLen());
}
