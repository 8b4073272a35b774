import { isAllowed } from "../../authorization/assembly/decide";
import { Jwt } from "../../gen/jwt";
import { ACCEPTED, authenticate, Authentication } from "../../jwt/assembly/authenticate";
import { claimsFit, hasClaimHeaders, writeClaimHeaders } from "../../jwt/assembly/claim-headers";
import { alloc } from "../../sdk/assembly/arena";
import { onePair, usePairs } from "../../sdk/assembly/header-pairs";
import { getRequestHeaders, now, resultLen, resultPtr, sendLocalResponse } from "../../sdk/assembly/host";
import { literal, Slice } from "../../sdk/assembly/slice";
import { CompiledPolicy } from "./compiled-policy";
import { isRecheck } from "./recheck";

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

/** Evaluates a policy: true when the request may go on, false when it has been answered. */
export function decide(policy: CompiledPolicy): bool {
  if (!getRequestHeaders()) {
    refuseUnknownPolicy();
    return false;
  }
  usePairs(resultPtr(), resultLen());
  const jwt = policy.message.jwt;
  let provider = Slice.EMPTY;
  ACCEPTED.provider = -1;
  ACCEPTED.payload = 0;
  if (jwt !== null) {
    const outcome = authenticate(jwt, policy.keyIds, <f64>(now() / 1_000_000_000));
    if (outcome == Authentication.missing) return unauthorized(D_MISSING, MISSING, CHALLENGE);
    if (outcome == Authentication.invalid) return unauthorized(D_INVALID, INVALID, CHALLENGE_INVALID);
    if (outcome == Authentication.accepted) provider = unchecked(jwt.providers[ACCEPTED.provider]).name;
  }
  const authorization = policy.message.authorization;
  if (authorization !== null && !isAllowed(authorization, provider, ACCEPTED.payload)) {
    sendLocalResponse(403, D_FORBIDDEN, FORBIDDEN, Slice.EMPTY);
    return false;
  }
  return jwt === null || writeClaims(jwt);
}

/** Answers a request whose policy is missing or cannot be read. */
export function refuseUnknownPolicy(): void {
  sendLocalResponse(503, D_UNAVAILABLE, UNAVAILABLE, Slice.EMPTY);
}

function unauthorized(details: Slice, body: Slice, challenge: Slice): bool {
  const at = alloc(<usize>WWW_AUTHENTICATE.len + challenge.len + 16);
  HEADERS.ptr = at;
  HEADERS.len = onePair(WWW_AUTHENTICATE, challenge, at);
  sendLocalResponse(401, details, body, HEADERS);
  return false;
}

/** Writes the headers that come from claims, where that is still safe. */
function writeClaims(jwt: Jwt): bool {
  if (!claimsFit(jwt, ACCEPTED)) return unauthorized(D_INVALID, INVALID, CHALLENGE_INVALID);
  if (hasClaimHeaders(jwt, ACCEPTED)) return true;
  if (isRecheck() || !writeClaimHeaders(jwt, ACCEPTED)) return unavailable();
  return true;
}

function unavailable(): bool {
  refuseUnknownPolicy();
  return false;
}
