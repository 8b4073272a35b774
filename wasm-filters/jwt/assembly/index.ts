/**
 * The `jwt` module: lets requests pass whose JSON Web Token is good, and tells the back-end what it claims.
 *
 * In: a `sluice.filter.v1.Jwt` as JSON, or a `JwtFilter`. Out: the request goes on, with the headers that claims fill, or is
 * answered here. Algorithms that Envoy has not are the sidecar's, at the cluster `sluice.sidecar`; without it their tokens are 503.
 */
import "../../sdk/assembly/abort";
import { resetArena } from "../../sdk/assembly/arena";
import { usePairs } from "../../sdk/assembly/header-pairs";
import { getRequestHeaders, now, resultLen, resultPtr, sendLocalResponse } from "../../sdk/assembly/host";
import { Plugins } from "../../sdk/assembly/plugins";
import { Asked, callOf, enterStream, noteConfiguration, settle, streamPlugin } from "../../sdk/assembly/questions";
import { rootOf } from "../../sdk/assembly/root";
import { readResponse, RESPONSE } from "../../sdk/assembly/sidecar-call";
import { literal, Slice } from "../../sdk/assembly/slice";
import { readVerified } from "./ask-sidecar";
import { ACCEPTED, authenticate, Authentication } from "./authenticate";
import { claimsFit, ownClaimHeaders } from "./claim-headers";
import { Configuration } from "./configuration";
import { answerInvalidToken, answerMissingToken } from "./unauthorized";

export * from "../../sdk/assembly/entry";

const CONTINUE: u32 = 0;
const STOP: u32 = 1;

const DETAILS = literal("sluice_jwt_unavailable");
const BODY = literal("the token cannot be verified now\n");

const plugins = new Plugins<Configuration>("jwt: the configuration is refused: it is no Jwt, or has a provider without keys");

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

/** The answer to a question that `questions.ts` asked. */
export function proxy_on_http_call_response(_root: u32, token: u32, _headers: u32, size: u32, _trailers: u32): void {
  resetArena();
  const call = callOf(token);
  if (call != 0) settle(call, readResponse(size) ? readVerified(RESPONSE) : Asked.failed, evaluate);
}

/** A plugin ends. */
export function proxy_on_delete(context: u32): void {
  plugins.drop(context);
}

/** Whether the request may go on. */
function evaluate(): bool {
  const root = streamPlugin();
  if (!plugins.has(root) || !getRequestHeaders()) return fail();
  usePairs(resultPtr(), resultLen());
  const configuration = plugins.get(root);
  switch (authenticate(configuration.jwt, configuration.keyIds, <f64>(now() / 1_000_000_000))) {
    case Authentication.accepted:
    case Authentication.anonymous: return tellClaims(configuration);
    case Authentication.waiting: return false;
    case Authentication.missing: {
      answerMissingToken();
      return false;
    }
    case Authentication.invalid: {
      answerInvalidToken();
      return false;
    }
    default: return fail();
  }
}

function tellClaims(configuration: Configuration): bool {
  if (!claimsFit(configuration.jwt, ACCEPTED)) {
    answerInvalidToken();
    return false;
  }
  return ownClaimHeaders(configuration.jwt, ACCEPTED, true) || fail();
}

function fail(): bool {
  sendLocalResponse(503, DETAILS, BODY, Slice.EMPTY);
  return false;
}
