/**
 * The `policy` module: decides on a request everything that the policy of its route says, in one call from Envoy.
 *
 * In: the policy's id and bytes from the metadata of the route, or its bytes from the configuration, the request's headers. Out: the request goes on, with the
 * headers that the policy owns, or is answered here. It fails closed: a policy that is missing or cannot be read is 503.
 */
import "../../sdk/assembly/abort";
import { tellValues } from "../../rate-limit/assembly/told";
import { alloc, resetArena } from "../../sdk/assembly/arena";
import { getPluginConfiguration, getProperty, resultLen, resultPtr } from "../../sdk/assembly/host";
import { callOf, enterStream, noteConfiguration, settle } from "../../sdk/assembly/questions";
import { rootOf } from "../../sdk/assembly/root";
import { copy32, literal } from "../../sdk/assembly/slice";
import { readAnswer } from "./answers";
import { compilePolicy, CompiledPolicy, ID_LENGTH } from "./compiled-policy";
import { decide, Decision, unavailable } from "./decide";
import { collectGarbage, findPolicy, keepPolicy, noteCompiled, noteGarbage } from "./policy-table";
import { findShared, isShared, takeConfiguration } from "./shared-policies";
import { isRecheckWithoutUsers, notePlace, Place, place } from "./place";
import { hasUsersFilters, readMark } from "./route-mark";

export * from "../../sdk/assembly/entry";

const CONTINUE: u32 = 0;
const STOP: u32 = 1;

const ROUTE_NAME = literal("xds\0route_name");
const ID = literal("xds\0route_metadata\0filter_metadata\0sluice.policy\0id");
/** There on routes without a policy that have filters of users. */
const FILTERS = literal("xds\0route_metadata\0filter_metadata\0sluice.policy\0filters");
const BYTES = literal("xds\0route_metadata\0typed_filter_metadata\0sluice.policy");

/** Takes a `sluice.filter.v1.PolicyFilter`; one that cannot be read is refused, and Envoy keeps what it has. */
export function proxy_on_configure(root: u32, size: u32): u32 {
  resetArena();
  collectGarbage();
  noteConfiguration();
  notePlace(root);
  if (size != 0 && !getPluginConfiguration(size)) return 0;
  const good = takeConfiguration(resultPtr(), size == 0 ? 0 : resultLen());
  __collect();
  return good ? 1 : 0;
}

export function proxy_on_request_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
  collectGarbage();
  enterStream(context, rootOf(context));
  return evaluate() ? CONTINUE : STOP;
}

export function proxy_on_response_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
  tellValues(context);
  return CONTINUE;
}

/** The answer to a question that `questions.ts` asked. */
export function proxy_on_http_call_response(_root: u32, token: u32, _headers: u32, size: u32, _trailers: u32): void {
  resetArena();
  collectGarbage();
  const call = callOf(token);
  if (call != 0) settle(call, readAnswer(call, size), evaluate);
}

/** Evaluates the policy of the request's route: whether the request may go on. */
function evaluate(): bool {
  const decision = decideByRoute();
  return decision == Decision.proceed || decision == Decision.left;
}

function decideByRoute(): u32 {
  const id = alloc(ID_LENGTH);
  if (!readId(id)) {
    // A request without a route is Envoy's to answer, with 404; a route that turned the filter on must have a policy.
    // Envoy finds the name of a route that has none (it is empty), and none where there is no route.
    if (!getProperty(ROUTE_NAME)) return Decision.proceed;
    // Behind what may change the route it may be one that nobody turned the filter on for.
    return place() == Place.first || (getProperty(FILTERS) && isRecheckWithoutUsers()) ? unavailable() : Decision.proceed;
  }
  // Envoy has not run the users' filters of a route to which a written header has led: nobody gets past them like this.
  if (hasUsersFilters() && isRecheckWithoutUsers()) return unavailable();
  const policy = policyOf(id);
  return policy === null ? unavailable() : decide(policy);
}

/** Reads the id of the current route's policy, and the mark behind it; an id of another form is one that no policy has. */
function readId(to: usize): bool {
  if (!getProperty(ID) || resultLen() == 0) return false;
  if (resultLen() >= ID_LENGTH && readMark(resultPtr() + ID_LENGTH, resultLen() - ID_LENGTH)) copy32(to, resultPtr());
  else memory.fill(to, 0, ID_LENGTH);
  return true;
}

function policyOf(id: usize): CompiledPolicy | null {
  if (isShared(id)) return findShared(id);
  const known = findPolicy(id);
  if (known !== null) return known;
  if (!getProperty(BYTES)) return null;
  const size = resultLen();
  const policy = compilePolicy(id, resultPtr(), size);
  if (policy === null) {
    noteGarbage(size);
    return null;
  }
  if (policy.authorization !== null) noteCompiled(size);
  keepPolicy(id, policy);
  return policy;
}
