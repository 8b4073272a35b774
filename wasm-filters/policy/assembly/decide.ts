import { isAllowed } from "../../authorization/assembly/decide";
import { ACCEPTED, authenticate, Authentication } from "../../jwt/assembly/authenticate";
import { claimsFit, hasClaimHeaders, writeClaimHeaders } from "../../jwt/assembly/claim-headers";
import { alloc } from "../../sdk/assembly/arena";
import { onePair, usePairs } from "../../sdk/assembly/header-pairs";
import { getRequestHeaders, now, resultLen, resultPtr, sendLocalResponse } from "../../sdk/assembly/host";
import { literal, Slice } from "../../sdk/assembly/slice";
import { CompiledPolicy } from "./compiled-policy";
import { Place, place } from "./place";

const WWW_AUTHENTICATE = literal("www-authenticate");
// RFC 6750 section 3.1: who sent no token is told no error.
const CHALLENGE = literal("Bearer");
const CHALLENGE_INVALID = literal('Bearer error="invalid_token"');
const MISSING = literal("a token is needed\n");
const INVALID = literal("the token is not accepted\n");
const FORBIDDEN = literal("not allowed\n");
const UNAVAILABLE = literal("the policy of this route cannot be enforced\n");
// What access logs show as response code details.
const D_MISSING = literal("sluice_jwt_missing");
const D_INVALID = literal("sluice_jwt_invalid");
const D_FORBIDDEN = literal("sluice_authorization_denied");
const D_UNAVAILABLE = literal("sluice_policy_unavailable");

/** The headers of an answer; one for all, so that no request makes garbage. */
const HEADERS = new Slice(0, 0);

/** What becomes of a request. */
export namespace Decision {
  /** It may go on. */
  export const proceed: u32 = 0;
  /** It has been answered. */
  export const answered: u32 = 1;
  /** It has to wait for the sidecar, and is evaluated again from the start then. */
  export const waiting: u32 = 2;
}

/** Evaluates a policy, one step after the other; the first that does not let the request proceed decides. */
export function decide(policy: CompiledPolicy): u32 {
  if (!getRequestHeaders()) return unavailable();
  usePairs(resultPtr(), resultLen());
  let decision = authenticated(policy);
  if (decision == Decision.proceed) decision = authorized(policy);
  if (decision == Decision.proceed) decision = rewritten(policy);
  return decision;
}

/** Answers a request whose policy is missing, cannot be read, or cannot be enforced now. */
export function unavailable(): u32 {
  sendLocalResponse(503, D_UNAVAILABLE, UNAVAILABLE, Slice.EMPTY);
  return Decision.answered;
}

/** Finds out who asks: after it `ACCEPTED` is about this request. */
function authenticated(policy: CompiledPolicy): u32 {
  ACCEPTED.provider = -1;
  ACCEPTED.payload = 0;
  const jwt = policy.message.jwt;
  if (jwt === null) return Decision.proceed;
  switch (authenticate(jwt, policy.keyIds, <f64>(now() / 1_000_000_000))) {
    case Authentication.accepted:
    case Authentication.anonymous: return Decision.proceed;
    case Authentication.missing: return unauthorized(D_MISSING, MISSING, CHALLENGE);
    case Authentication.invalid: return unauthorized(D_INVALID, INVALID, CHALLENGE_INVALID);
    case Authentication.waiting: return Decision.waiting;
    default: return unavailable();
  }
}

function authorized(policy: CompiledPolicy): u32 {
  const authorization = policy.authorization;
  if (authorization === null || isAllowed(authorization, providerOf(policy), ACCEPTED.payload)) return Decision.proceed;
  sendLocalResponse(403, D_FORBIDDEN, FORBIDDEN, Slice.EMPTY);
  return Decision.answered;
}

/** Name of the provider that accepted a token; empty when none did. */
function providerOf(policy: CompiledPolicy): Slice {
  const jwt = policy.message.jwt;
  if (jwt === null || ACCEPTED.provider < 0) return Slice.EMPTY;
  return unchecked(jwt.providers[ACCEPTED.provider]).name;
}

/** Writes the headers that come from claims, where that is still safe. */
function rewritten(policy: CompiledPolicy): u32 {
  const jwt = policy.message.jwt;
  if (jwt === null) return Decision.proceed;
  if (!claimsFit(jwt, ACCEPTED)) return unauthorized(D_INVALID, INVALID, CHALLENGE_INVALID);
  if (hasClaimHeaders(jwt, ACCEPTED)) return Decision.proceed;
  return place() == Place.recheck || !writeClaimHeaders(jwt, ACCEPTED) ? unavailable() : Decision.proceed;
}

function unauthorized(details: Slice, body: Slice, challenge: Slice): u32 {
  const at = alloc(<usize>WWW_AUTHENTICATE.len + challenge.len + 16);
  HEADERS.ptr = at;
  HEADERS.len = onePair(WWW_AUTHENTICATE, challenge, at);
  sendLocalResponse(401, details, body, HEADERS);
  return Decision.answered;
}
