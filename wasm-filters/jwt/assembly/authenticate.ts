import { Jwt } from "../../gen/jwt";
import { Json } from "../../sdk/assembly/json";
import { extractToken, Extraction, TOKEN } from "./token-sources";
import { PAYLOAD, Verdict, verifyToken } from "./token";

/** How authentication ended. */
export namespace Authentication {
  /** A provider accepted a token: see `ACCEPTED`. */
  export const accepted: u32 = 0;
  /** There is no good token, and none is needed. */
  export const anonymous: u32 = 1;
  /** There is no token. */
  export const missing: u32 = 2;
  /** There are tokens, and none is good. */
  export const invalid: u32 = 3;
  /** The sidecar has been asked whether a token is good: the request has to wait. */
  export const waiting: u32 = 4;
  /** Whether a token is good cannot be found out now. */
  export const unavailable: u32 = 5;
}

/** Which provider accepted, and the payload of its token. */
export class Accepted {
  provider: i32 = -1;
  payload: Json = 0;
}

export const ACCEPTED: Accepted = new Accepted();

/** Looks for a token that one of the providers accepts. `keyIds` are those of the providers, in their order. */
export function authenticate(jwt: Jwt, keyIds: StaticArray<u64>, seconds: f64): u32 {
  ACCEPTED.provider = -1;
  ACCEPTED.payload = 0;
  let present = false;
  for (let i = 0; i < jwt.providers.length; i++) {
    const provider = unchecked(jwt.providers[i]);
    for (let j = 0; j < provider.sources.length; j++) {
      const found = extractToken(provider, j);
      if (found == Extraction.none) continue;
      present = true;
      if (found == Extraction.unusable) continue;
      const verdict = verifyToken(provider, unchecked(keyIds[i]), TOKEN.ptr, TOKEN.len, seconds);
      if (verdict == Verdict.bad) continue;
      if (verdict == Verdict.waiting) return Authentication.waiting;
      if (verdict == Verdict.unavailable) return Authentication.unavailable;
      ACCEPTED.provider = i;
      ACCEPTED.payload = PAYLOAD;
      return Authentication.accepted;
    }
  }
  if (jwt.failOpen) return Authentication.anonymous;
  if (present) return Authentication.invalid;
  return jwt.optional ? Authentication.anonymous : Authentication.missing;
}
