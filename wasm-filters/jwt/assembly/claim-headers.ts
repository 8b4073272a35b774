import { ClaimToHeader, Jwt } from "../../gen/jwt";
import { alloc } from "../../sdk/assembly/arena";
import { addToCopy, copyPairs, findHeader, findVariant, hideHeader, VARIANT } from "../../sdk/assembly/header-pairs";
import { removeRequestHeader, setProperty, setRequestHeader } from "../../sdk/assembly/host";
import { Json } from "../../sdk/assembly/json";
import { literal, Slice } from "../../sdk/assembly/slice";
import { Accepted } from "./authenticate";
import { claimAt, HeaderValue, headerValue, TEXT } from "./claims";

// The headers that a policy's claims fill belong to the policy: what a client sent under their names is replaced or
// removed, whichever provider accepted and whether or not the claim is there. So are headers that a back-end could take for
// one of them.

/** Whether every claim that a header takes can be the value of one. */
export function claimsFit(jwt: Jwt, accepted: Accepted): bool {
  if (accepted.provider < 0) return true;
  const mappings = unchecked(jwt.providers[accepted.provider]).claimToHeaders;
  for (let i = 0; i < mappings.length; i++) {
    if (headerValue(claimAt(accepted.payload, unchecked(mappings[i]).claim)) == HeaderValue.unfit) return false;
  }
  return true;
}

/** What stands before the name of a header in the filter state from which a route writes it. A contract with the controller. */
const SLOT = literal("sluice.claim.");
const SLOT_NAME: Slice = new Slice(0, 0);

/**
 * Keeps the values of the headers for the route, which writes them when no route is chosen any more; false when the host refuses.
 * A header without a value is kept as empty: what stands there may be a user's.
 */
export function keepClaimHeaders(jwt: Jwt, accepted: Accepted): bool {
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) {
      const name = unchecked(mappings[j]).header;
      if (!isFirst(name, jwt, i, j)) continue;
      const value = wanted(name, jwt, accepted) ? TEXT : Slice.EMPTY;
      SLOT_NAME.ptr = alloc(<usize>(SLOT.len + name.len));
      SLOT_NAME.len = SLOT.len + name.len;
      memory.copy(SLOT_NAME.ptr, SLOT.ptr, SLOT.len);
      memory.copy(SLOT_NAME.ptr + SLOT.len, name.ptr, name.len);
      if (!setProperty(SLOT_NAME, value)) return false;
    }
  }
  return true;
}

/** Removes headers that a back-end could take for those; false when the host refuses, or when there is one and none may be removed. */
export function removeAllVariants(jwt: Jwt, mayWrite: bool): bool {
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) if (!removeVariants(unchecked(mappings[j]).header, mayWrite)) return false;
  }
  return true;
}

/**
 * Sees to it that the request has every header of the policy as it has to be, and none that must not be there; false when the
 * host refuses, or when that takes a change and none may be made.
 */
export function ownClaimHeaders(jwt: Jwt, accepted: Accepted, mayWrite: bool): bool {
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) {
      const name = unchecked(mappings[j]).header;
      if (!removeVariants(name, mayWrite)) return false;
      const isWanted = wanted(name, jwt, accepted);
      const found = findHeader(name);
      const isRight = isWanted ? found.count == 1 && TEXT.equals(found.ptr, found.len) : found.count == 0;
      if (isRight) continue;
      if (!mayWrite) return false;
      if (isWanted ? !setRequestHeader(name, TEXT.ptr, TEXT.len) : !removeRequestHeader(name)) return false;
    }
  }
  return true;
}

/**
 * Shows to whoever looks for headers from now on those that claims fill as they are going to be, and none that must not be
 * there. Nothing is written: `lookAgainIn` shows the request as it is.
 */
export function showClaimHeaders(jwt: Jwt, accepted: Accepted): void {
  let more: u32 = 0;
  let bytes: usize = 0;
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) {
      const name = unchecked(mappings[j]).header;
      if (!isFirst(name, jwt, i, j) || !wanted(name, jwt, accepted)) continue;
      more++;
      bytes += <usize>(name.len + TEXT.len + 2);
    }
  }
  copyPairs(more, bytes);
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) hideHeader(unchecked(mappings[j]).header);
  }
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) {
      const name = unchecked(mappings[j]).header;
      if (isFirst(name, jwt, i, j) && wanted(name, jwt, accepted)) addToCopy(name, TEXT);
    }
  }
}

/** Whether a header stands in no mapping before that of a provider. */
function isFirst(name: Slice, jwt: Jwt, provider: i32, mapping: i32): bool {
  for (let i = 0; i <= provider; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    const end = i == provider ? mapping : mappings.length;
    for (let j = 0; j < end; j++) if (unchecked(mappings[j]).header.equals(name.ptr, name.len)) return false;
  }
  return true;
}

/** Whether claims fill a header of this name. */
export function isFilledByClaims(jwt: Jwt, name: Slice): bool {
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) if (unchecked(mappings[j]).header.equals(name.ptr, name.len)) return true;
  }
  return false;
}

function removeVariants(name: Slice, mayWrite: bool): bool {
  for (let behind: usize = 0; findVariant(name, behind); behind = VARIANT.ptr) {
    if (!mayWrite || !removeRequestHeader(VARIANT)) return false;
  }
  return true;
}

/** Whether a header gets a value, which is then in `TEXT`; of several claims for one header the last counts. */
function wanted(name: Slice, jwt: Jwt, accepted: Accepted): bool {
  if (accepted.provider < 0) return false;
  const mappings: ClaimToHeader[] = unchecked(jwt.providers[accepted.provider]).claimToHeaders;
  for (let i = mappings.length - 1; i >= 0; i--) {
    const mapping = unchecked(mappings[i]);
    if (!mapping.header.equals(name.ptr, name.len)) continue;
    if (headerValue(claimAt(accepted.payload, mapping.claim)) == HeaderValue.some) return true;
  }
  return false;
}
