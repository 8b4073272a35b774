/**
 * The `rate-limit` module: rate limits as a filter of its own, for any Envoy.
 *
 * In: a `sluice.filter.v1.RateLimit` as JSON, or a `RateLimitFilter`. Out: the request goes on, or is answered with 429.
 * Global limits need the sidecar at the cluster `sluice.sidecar`; without it they are 503, or open where they say so.
 */
import "../../sdk/assembly/abort";
import { resetArena } from "../../sdk/assembly/arena";
import { readPairs } from "../../sdk/assembly/header-pairs";
import { now, sendLocalResponse } from "../../sdk/assembly/host";
import { Plugins } from "../../sdk/assembly/plugins";
import { Asked, callOf, enterStream, noteConfiguration, settle, streamPlugin } from "../../sdk/assembly/questions";
import { rootOf } from "../../sdk/assembly/root";
import { readResponse, RESPONSE } from "../../sdk/assembly/sidecar-call";
import { literal, Slice } from "../../sdk/assembly/slice";
import { answerLimited } from "./answer";
import { Configuration } from "./configuration";
import { countRequest, Limited } from "./decide";
import { takeLease } from "./leases";
import { keepValues, tellValues } from "./told";

export * from "../../sdk/assembly/entry";

const CONTINUE: u32 = 0;
const STOP: u32 = 1;

const DETAILS = literal("sluice_rate_limit_unavailable");
const BODY = literal("the rate limits cannot be enforced now\n");

/** All plugins count together what has the same name. */
const SCOPE: usize = memory.data(32, 8);

const plugins = new Plugins<Configuration>("rate-limit: the configuration is refused: it is no RateLimit, or has a limit that cannot be evaluated");

export function proxy_on_configure(root: u32, size: u32): u32 {
  resetArena();
  noteConfiguration();
  return plugins.configure(root, size, new Configuration());
}

export function proxy_on_request_headers(context: u32, _count: u32, _end: u32): u32 {
  resetArena();
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
  const call = callOf(token);
  if (call != 0) settle(call, readResponse(size) ? takeLease(RESPONSE, now()) : Asked.failed, evaluate);
}

/** A plugin ends. */
export function proxy_on_delete(context: u32): void {
  plugins.drop(context);
}

/** Whether the request may go on. */
function evaluate(): bool {
  const root = streamPlugin();
  if (!plugins.has(root) || !readPairs()) return fail();
  switch (countRequest(plugins.get(root).limits, SCOPE, now())) {
    case Limited.no: {
      keepValues();
      return true;
    }
    case Limited.yes: {
      answerLimited();
      return false;
    }
    case Limited.waiting: return false;
    default: return fail();
  }
}

function fail(): bool {
  sendLocalResponse(503, DETAILS, BODY, Slice.EMPTY);
  return false;
}
