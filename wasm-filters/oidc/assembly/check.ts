import { Jwt } from "../../gen/jwt";
import { Oidc } from "../../gen/oidc";
import { extractToken, Extraction, TOKEN } from "../../jwt/assembly/token-sources";
import { LEEWAY, PAYLOAD, Verdict, verifyToken } from "../../jwt/assembly/token";
import { findHeader } from "../../sdk/assembly/header-pairs";
import { Json } from "../../sdk/assembly/json";
import { literal, sameBytes, Slice } from "../../sdk/assembly/slice";

const PATH = literal(":path");
/** Field number of `header` in TokenSource.source. */
const HEADER: u32 = 1;

/** Who asks. */
export namespace Visitor {
  /** Somebody who has logged in: see `SESSION`. */
  export const known: u32 = 0;
  /** Somebody who has not, or who logs in or out just now: the sidecar's. */
  export const unknown: u32 = 1;
  /** Somebody who brings a token, for which others answer. */
  export const withToken: u32 = 2;
}

/** The claims of the session that was found good last; they stay until the callback ends. */
export let SESSION: Json = 0;

/**
 * Looks for a session that is good: signed, of this policy, and not ended. `jwt` is that of the same policy, `keyId` stands
 * for what decides on the session, `seconds` is the time since the epoch.
 */
export function checkVisitor(oidc: Oidc, keyId: u64, jwt: Jwt | null, seconds: f64): u32 {
  SESSION = 0;
  if (oidc.passThroughTokens && jwt !== null && bringsToken(jwt)) return Visitor.withToken;
  if (isPath(oidc.callbackPath) || isPath(oidc.logoutPath)) return Visitor.unknown;
  const provider = oidc.session;
  if (provider === null || provider.sources.length == 0 || extractToken(provider, 0) != Extraction.one) return Visitor.unknown;
  // Who ended the session has the same clock: no leeway.
  if (verifyToken(provider, keyId, TOKEN.ptr, TOKEN.len, seconds + LEEWAY) != Verdict.good) return Visitor.unknown;
  SESSION = PAYLOAD;
  return Visitor.known;
}

/** Whether a header in which a provider looks for tokens has one, good or not. */
function bringsToken(jwt: Jwt): bool {
  for (let i = 0; i < jwt.providers.length; i++) {
    const provider = unchecked(jwt.providers[i]);
    for (let j = 0; j < provider.sources.length; j++) {
      if (unchecked(provider.sources[j]).sourceCase == HEADER && extractToken(provider, j) != Extraction.none) return true;
    }
  }
  return false;
}

/** Whether this is the path of the request, without its query. */
function isPath(path: Slice): bool {
  const found = findHeader(PATH);
  if (path.len == 0 || found.len < path.len || !sameBytes(found.ptr, path.ptr, path.len)) return false;
  if (found.len == path.len) return true;
  const next = load<u8>(found.ptr + path.len);
  return next == 63 || next == 35;
}
