import { Authorization, AuthorizationAction, AuthorizationRule, ClaimMatch, ClaimType, JwtPrincipal } from "../../gen/authorization";
import { claimAt } from "../../jwt/assembly/claims";
import { firstElement, Json, JsonKind, kindOf, member, nextElement, textEquals, textOf } from "../../sdk/assembly/json";
import { literal, sameBytes, Slice } from "../../sdk/assembly/slice";

const SCOPE = literal("scope");
const SCP = literal("scp");

/**
 * Whether a request is allowed: the first rule that matches decides, else the default. `provider` is the name of the JWT
 * provider that accepted a token, empty when none did; `payload` is that of the token, or 0.
 */
export function isAllowed(authorization: Authorization, provider: Slice, payload: Json): bool {
  for (let i = 0; i < authorization.rules.length; i++) {
    const rule = unchecked(authorization.rules[i]);
    if (matches(rule, provider, payload)) return rule.action == AuthorizationAction.ALLOW;
  }
  return authorization.defaultAction == AuthorizationAction.ALLOW;
}

function matches(rule: AuthorizationRule, provider: Slice, payload: Json): bool {
  const jwt = rule.jwt;
  return jwt === null || matchesJwt(jwt, provider, payload);
}

function matchesJwt(jwt: JwtPrincipal, provider: Slice, payload: Json): bool {
  if (payload == 0 || !jwt.provider.equals(provider.ptr, provider.len)) return false;
  for (let i = 0; i < jwt.claims.length; i++) if (!matchesClaim(unchecked(jwt.claims[i]), payload)) return false;
  for (let i = 0; i < jwt.scopes.length; i++) if (!hasScope(payload, unchecked(jwt.scopes[i]))) return false;
  return true;
}

function matchesClaim(match: ClaimMatch, payload: Json): bool {
  const claim = claimAt(payload, match.claim);
  if (match.type == ClaimType.STRING) return isOneOf(claim, match.values);
  if (match.type != ClaimType.STRING_ARRAY) return false;
  for (let one = firstElement(claim); one != 0; one = nextElement(claim, one)) if (isOneOf(one, match.values)) return true;
  return false;
}

function isOneOf(value: Json, accepted: Slice[]): bool {
  if (kindOf(value) != JsonKind.text) return false;
  const text = textOf(value);
  for (let i = 0; i < accepted.length; i++) if (unchecked(accepted[i]).equals(text.ptr, text.len)) return true;
  return false;
}

/** Whether a scope is among the words of `scope` (RFC 8693 section 4.2), or an element of it or of `scp`. */
function hasScope(payload: Json, scope: Slice): bool {
  return contains(member(payload, SCOPE), scope) || contains(member(payload, SCP), scope);
}

function contains(scopes: Json, scope: Slice): bool {
  if (kindOf(scopes) == JsonKind.text) return hasWord(textOf(scopes), scope);
  for (let one = firstElement(scopes); one != 0; one = nextElement(scopes, one)) {
    if (textEquals(one, scope.ptr, scope.len)) return true;
  }
  return false;
}

function hasWord(text: Slice, word: Slice): bool {
  const end = text.ptr + text.len;
  let start = text.ptr;
  while (start < end) {
    let stop = start;
    while (stop < end && load<u8>(stop) != 32) stop++;
    if (stop - start == word.len && sameBytes(start, word.ptr, word.len)) return true;
    start = stop + 1;
  }
  return false;
}
