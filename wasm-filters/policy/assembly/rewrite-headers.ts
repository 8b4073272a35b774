import { PolicyHeaders } from "../../gen/header_rewrite";
import { rewriteRequest, setAll } from "../../header-rewrite/assembly/request";
import { CLAIMS, findValue, VALUE } from "../../header-rewrite/assembly/value";
import { refreshPairs } from "../../sdk/assembly/header-pairs";
import { getProperty, resultLen, resultPtr, setProperty } from "../../sdk/assembly/host";
import { Json } from "../../sdk/assembly/json";
import { isMarked } from "../../sdk/assembly/questions";
import { literal, Slice } from "../../sdk/assembly/slice";
import { Place, place } from "./place";
import { hasUsersFilters } from "./route-mark";

// A change may read what another one writes, so changes are made once for a request: at the last place that evaluates its
// policy. That request was rewritten is known, while it waits for the sidecar there, by a mark in this VM; and behind, at a
// recheck, by filter state, since no filter of a user stands in between.

/** Filter state `wasm.sluice.rewritten`: the digest of the changes that the place before has made. */
const SLOT = literal("sluice.rewritten");

/** What has been done of a request's changes. */
namespace Done {
  export const nothing: u32 = 0;
  export const all: u32 = 1;
  /** They should have been, and cannot be made any more. */
  export const never: u32 = 2;
}

/**
 * Keeps what the response takes from the request, also where that is refused, before anything of it is changed; false when the
 * changes of the policy cannot be made any more. The headers of the request have been taken as pairs.
 */
export function keepForResponse(headers: PolicyHeaders, token: Json, session: Json): bool {
  const done = doneOf(headers);
  if (done != Done.nothing) return done == Done.all;
  CLAIMS.token = token;
  CLAIMS.session = session;
  for (let i = 0; i < headers.response.length; i++) {
    const change = unchecked(headers.response[i]);
    // Also the empty value is written: a policy evaluated before may have left one.
    if (!setProperty(change.name, findValue(change) ? VALUE : Slice.EMPTY)) return false;
  }
  return true;
}

/** Changes the request where this is the place for it, else only what users' filters are to see; false when that fails. */
export function rewriteHeaders(headers: PolicyHeaders, token: Json, session: Json): bool {
  const done = doneOf(headers);
  if (done != Done.nothing) return done == Done.all;
  const request = headers.request;
  if (request === null) return true;
  // The policy may have written headers already.
  if (!refreshPairs()) return false;
  CLAIMS.token = token;
  CLAIMS.session = session;
  if (hasUsersFilters() && place() != Place.after) return setAll(headers.ahead);
  return rewriteRequest(request) && setProperty(SLOT, headers.digest);
}

/** Says that a request passed the last filter of users unchanged by a policy: what stands in the slot is not ours. */
export function disownSlot(): bool {
  return place() != Place.after || setProperty(SLOT, Slice.EMPTY);
}

function doneOf(headers: PolicyHeaders): u32 {
  if (isMarked()) return Done.all;
  if (place() != Place.recheck || headers.request === null) return Done.nothing;
  return getProperty(SLOT) && headers.digest.equals(resultPtr(), resultLen()) ? Done.all : Done.never;
}
