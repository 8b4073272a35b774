import { HeaderChange, HeaderChanges } from "../../gen/header_rewrite";
import { findHeader, findVariant, VARIANT } from "../../sdk/assembly/header-pairs";
import { addRequestHeader, removeRequestHeader, setRequestHeader } from "../../sdk/assembly/host";
import { Slice } from "../../sdk/assembly/slice";
import { findValue, VALUE } from "./value";

/** Changes the headers of a request, which have been taken as pairs; false when the host refuses. */
export function rewriteRequest(changes: HeaderChanges): bool {
  if (!setAll(changes.set)) return false;
  for (let i = 0; i < changes.add.length; i++) {
    const change = unchecked(changes.add[i]);
    if (findValue(change) && !addRequestHeader(change.name, VALUE.ptr, VALUE.len)) return false;
  }
  for (let i = 0; i < changes.remove.length; i++) if (!remove(unchecked(changes.remove[i]))) return false;
  return true;
}

/** Sets the headers of a request, each once, or removes them where there is no value; false when the host refuses. */
export function setAll(changes: HeaderChange[]): bool {
  for (let i = 0; i < changes.length; i++) {
    const change = unchecked(changes[i]);
    const written = findValue(change) ? setOnly(change.name) : remove(change.name);
    if (!written) return false;
  }
  return true;
}

/** Sets a header to `VALUE`: nothing that a back-end could take for it is left. */
function setOnly(name: Slice): bool {
  if (!removeVariants(name)) return false;
  const found = findHeader(name);
  if (found.count == 1 && VALUE.equals(found.ptr, found.len)) return true;
  return setRequestHeader(name, VALUE.ptr, VALUE.len);
}

function remove(name: Slice): bool {
  // A write, even one that changes nothing, makes Envoy choose the route anew.
  return removeVariants(name) && (findHeader(name).count == 0 || removeRequestHeader(name));
}

function removeVariants(name: Slice): bool {
  for (let behind: usize = 0; findVariant(name, behind); behind = VARIANT.ptr) if (!removeRequestHeader(VARIANT)) return false;
  return true;
}
