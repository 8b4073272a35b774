import { Oidc } from "../../gen/oidc";
import { findHeader } from "../../sdk/assembly/header-pairs";
import { removeRequestHeader } from "../../sdk/assembly/host";

/** Whether a client has sent a header that only the sidecar may fill. */
export function hasOwnedHeader(oidc: Oidc): bool {
  for (let i = 0; i < oidc.ownedHeaders.length; i++) {
    if (findHeader(unchecked(oidc.ownedHeaders[i])).count != 0) return true;
  }
  return false;
}

/** Removes what a client has sent under such names; false when the host refuses. */
export function removeOwnedHeaders(oidc: Oidc): bool {
  for (let i = 0; i < oidc.ownedHeaders.length; i++) {
    const name = unchecked(oidc.ownedHeaders[i]);
    if (findHeader(name).count != 0 && !removeRequestHeader(name)) return false;
  }
  return true;
}
