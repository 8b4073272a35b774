import { ClaimToHeader, Jwt } from "../../gen/jwt";
import { findHeader, findVariant, VARIANT } from "../../sdk/assembly/header-pairs";
import { removeRequestHeader, setRequestHeader } from "../../sdk/assembly/host";
import { Json } from "../../sdk/assembly/json";
import { Slice } from "../../sdk/assembly/slice";
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

/** Whether the request has every header of the policy as it has to be, and none that must not be there. */
export function hasClaimHeaders(jwt: Jwt, accepted: Accepted): bool {
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) {
      const name = unchecked(mappings[j]).header;
      if (findVariant(name, 0) || !isAsItShould(name, jwt, accepted)) return false;
    }
  }
  return true;
}

/** Writes the headers that are not as they have to be; false when the host refuses. */
export function writeClaimHeaders(jwt: Jwt, accepted: Accepted): bool {
  for (let i = 0; i < jwt.providers.length; i++) {
    const mappings = unchecked(jwt.providers[i]).claimToHeaders;
    for (let j = 0; j < mappings.length; j++) {
      const name = unchecked(mappings[j]).header;
      if (!removeVariants(name)) return false;
      if (isAsItShould(name, jwt, accepted)) continue;
      const written = wanted(name, jwt, accepted)
        ? setRequestHeader(name, TEXT.ptr, TEXT.len)
        : removeRequestHeader(name);
      if (!written) return false;
    }
  }
  return true;
}

function removeVariants(name: Slice): bool {
  for (let behind: usize = 0; findVariant(name, behind); behind = VARIANT.ptr) if (!removeRequestHeader(VARIANT)) return false;
  return true;
}

function isAsItShould(name: Slice, jwt: Jwt, accepted: Accepted): bool {
  const want = wanted(name, jwt, accepted);
  const found = findHeader(name);
  return want ? found.count == 1 && TEXT.equals(found.ptr, found.len) : found.count == 0;
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
