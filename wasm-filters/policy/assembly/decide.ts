import { isAllowed } from "../../authorization/assembly/decide";
import { answerForbidden } from "../../authorization/assembly/forbidden";
import { Jwt } from "../../gen/jwt";
import { ACCEPTED, authenticate, Authentication } from "../../jwt/assembly/authenticate";
import {
  claimsFit,
  keepClaimHeaders,
  ownClaimHeaders,
  removeAllVariants,
  showClaimHeaders,
} from "../../jwt/assembly/claim-headers";
import { answerInvalidToken, answerMissingToken } from "../../jwt/assembly/unauthorized";
import { keepBackendCookies } from "../../oidc/assembly/backend-cookies";
import { checkVisitor, SESSION, Visitor } from "../../oidc/assembly/check";
import { leaveToSidecar } from "../../oidc/assembly/to-sidecar";
import { hasOwnedHeader, removeOwnedHeaders } from "../../oidc/assembly/owned-headers";
import { answerLimited } from "../../rate-limit/assembly/answer";
import { countRequest, Limited } from "../../rate-limit/assembly/decide";
import { keepValues } from "../../rate-limit/assembly/told";
import { lookAgainIn, pairsInUse, readPairs, refreshPairs } from "../../sdk/assembly/header-pairs";
import { now, sendLocalResponse } from "../../sdk/assembly/host";
import { Json } from "../../sdk/assembly/json";
import { markWaiting } from "../../sdk/assembly/questions";
import { literal, Slice } from "../../sdk/assembly/slice";
import { CompiledPolicy } from "./compiled-policy";
import { Place, place } from "./place";
import { disownSlot, keepForResponse, rewriteHeaders } from "./rewrite-headers";
import { countsHere, scope, staysOnRoute } from "./route-mark";

const UNAVAILABLE = literal("the policy of this route cannot be enforced\n");
/** What access logs show as response code details. */
const D_UNAVAILABLE = literal("sluice_policy_unavailable");

/** What becomes of a request. */
export namespace Decision {
  /** It may go on. */
  export const proceed: u32 = 0;
  /** It has been answered. */
  export const answered: u32 = 1;
  /** It has to wait for the sidecar, and is evaluated again from the start then. */
  export const waiting: u32 = 2;
  /** It goes on to the sidecar, and is evaluated again behind it. */
  export const left: u32 = 3;
}

/** Evaluates a policy, one step after the other; the first that does not let the request proceed decides. */
export function decide(policy: CompiledPolicy): u32 {
  if (policy.readsHeaders && !readPairs()) return unavailable();
  const time: u64 = policy.isTimed ? now() : 0;
  const seconds = <f64>(time / 1_000_000_000);
  ACCEPTED.provider = -1;
  ACCEPTED.payload = 0;
  let decision = loggedIn(policy, seconds);
  if (decision == Decision.proceed) decision = authenticated(policy, seconds);
  if (decision == Decision.proceed) decision = authorized(policy);
  if (decision == Decision.proceed || decision == Decision.answered) decision = kept(policy, decision);
  if (decision == Decision.proceed) decision = rewritten(policy);
  if (decision == Decision.proceed) decision = withHeaders(policy);
  if (decision == Decision.proceed) decision = limited(policy, time);
  return decision;
}

/** Answers a request whose policy is missing, cannot be read, or cannot be enforced now. */
export function unavailable(): u32 {
  sendLocalResponse(503, D_UNAVAILABLE, UNAVAILABLE, Slice.EMPTY);
  return Decision.answered;
}

/** Whether somebody has logged in where that is needed: after it `SESSION` is about this request, or nothing. */
function loggedIn(policy: CompiledPolicy, seconds: f64): u32 {
  const oidc = policy.message.oidc;
  if (oidc === null) return Decision.proceed;
  const visitor = checkVisitor(oidc, policy.sessionKeyId, policy.message.jwt, seconds);
  if (visitor == Visitor.withToken) {
    if (!hasOwnedHeader(oidc)) return Decision.proceed;
    return place() == Place.recheck || !removeOwnedHeaders(oidc) ? unavailable() : Decision.proceed;
  }
  if (visitor == Visitor.known && !oidc.alwaysSidecar) return Decision.proceed;
  // Behind the sidecar a request has a session: it makes one, or answers.
  if (place() != Place.first) return visitor == Visitor.known ? Decision.proceed : unavailable();
  return leaveToSidecar() ? Decision.left : unavailable();
}

/** Finds out who asks: after it `ACCEPTED` is about this request. */
function authenticated(policy: CompiledPolicy, seconds: f64): u32 {
  const jwt = policy.message.jwt;
  if (jwt === null) return Decision.proceed;
  switch (authenticate(jwt, policy.keyIds, seconds)) {
    case Authentication.accepted:
    case Authentication.anonymous: return Decision.proceed;
    case Authentication.missing: return missing();
    case Authentication.invalid: return invalid();
    case Authentication.waiting: return Decision.waiting;
    default: return unavailable();
  }
}

function authorized(policy: CompiledPolicy): u32 {
  const authorization = policy.authorization;
  if (authorization === null) return Decision.proceed;
  const jwt = policy.message.jwt;
  // What a client sends under the name of a header that claims fill is nothing that rules may go by.
  const shows = policy.asksClaimHeaders && jwt !== null;
  const sent = pairsInUse();
  if (shows && jwt !== null) showClaimHeaders(jwt, ACCEPTED);
  const allowed = isAllowed(authorization, providerOf(policy), payloadOf(policy));
  if (shows) lookAgainIn(sent);
  if (allowed) return Decision.proceed;
  answerForbidden();
  return Decision.answered;
}

/** Name of the provider that accepted a token, else of the one of the session; empty when there is neither. */
function providerOf(policy: CompiledPolicy): Slice {
  const jwt = policy.message.jwt;
  if (jwt !== null && ACCEPTED.provider >= 0) return unchecked(jwt.providers[ACCEPTED.provider]).name;
  const oidc = policy.message.oidc;
  if (oidc === null || SESSION == 0) return Slice.EMPTY;
  const session = oidc.session;
  return session === null ? Slice.EMPTY : session.name;
}

/** The claims of that provider's token or session, or 0. */
function payloadOf(policy: CompiledPolicy): Json {
  if (ACCEPTED.provider >= 0) return ACCEPTED.payload;
  return sessionOf(policy);
}

/** Writes the headers that come from claims, where that is still safe, and keeps from the back-end what is not for it. */
function rewritten(policy: CompiledPolicy): u32 {
  if (policy.message.oidc !== null && !keepBackendCookies()) return unavailable();
  const jwt = policy.message.jwt;
  if (jwt === null) return Decision.proceed;
  if (!claimsFit(jwt, ACCEPTED)) return invalid();
  if (staysOnRoute()) return keptForRoute(jwt);
  return ownClaimHeaders(jwt, ACCEPTED, place() != Place.recheck) ? Decision.proceed : unavailable();
}

/** Leaves the headers that claims fill to the route. */
function keptForRoute(jwt: Jwt): u32 {
  if (!removeAllVariants(jwt, place() != Place.recheck)) return unavailable();
  return keepClaimHeaders(jwt, ACCEPTED) ? Decision.proceed : unavailable();
}

/** Keeps what the response takes from the request; the decision stays what it was. */
function kept(policy: CompiledPolicy, decision: u32): u32 {
  const headers = policy.message.headers;
  if (headers === null || keepForResponse(headers, ACCEPTED.payload, sessionOf(policy))) return decision;
  return unavailable();
}

/** Changes the request's headers as the policy says. */
function withHeaders(policy: CompiledPolicy): u32 {
  const headers = policy.message.headers;
  if (headers === null) return policy.message.jwt === null || disownSlot() ? Decision.proceed : unavailable();
  return rewriteHeaders(headers, ACCEPTED.payload, sessionOf(policy)) ? Decision.proceed : unavailable();
}

/** The claims of the session, or 0. */
function sessionOf(policy: CompiledPolicy): Json {
  return policy.message.oidc === null ? 0 : SESSION;
}

/** Counts the request, last of all: what was refused before costs nothing, and limits see the headers that were written. */
function limited(policy: CompiledPolicy, time: u64): u32 {
  const limits = policy.limits;
  if (limits === null || !countsHere()) return Decision.proceed;
  if (policy.limitsReadHeaders && !refreshPairs()) return unavailable();
  const jwt = policy.message.jwt;
  if (policy.limitsReadHeaders && jwt !== null && staysOnRoute()) showClaimHeaders(jwt, ACCEPTED);
  switch (countRequest(limits, scope(), time)) {
    case Limited.no: {
      keepValues();
      return Decision.proceed;
    }
    case Limited.yes: {
      answerLimited();
      return Decision.answered;
    }
    case Limited.waiting: {
      markWaiting();
      return Decision.waiting;
    }
    default: return unavailable();
  }
}

function missing(): u32 {
  answerMissingToken();
  return Decision.answered;
}

function invalid(): u32 {
  answerInvalidToken();
  return Decision.answered;
}
