import { SCOPE_LENGTH } from "../../rate-limit/assembly/compile";
import { copy32 } from "../../sdk/assembly/slice";
import { Place, place } from "./place";

// What stands behind the id of a policy in the metadata of a route: see policy.proto.

/** The policy is evaluated again behind users' filters. */
const AGAIN: u8 = 43;
/** The route writes the headers that claims fill. */
const STAYS: u8 = 61;
// Which places leave the counting of requests to a later one.
const NOT_FIRST: u32 = 1;
const NOT_AFTER: u32 = 2;

const SCOPE: usize = memory.data(32, 8);

let leaving: u32 = 0;
let again: bool = false;
let stays: bool = false;

/** Reads a mark; false when it has another form. */
export function readMark(ptr: usize, len: u32): bool {
  again = len > 0 && load<u8>(ptr) == AGAIN;
  let at = again ? ptr + 1 : ptr;
  let rest = again ? len - 1 : len;
  stays = rest > 0 && load<u8>(at) == STAYS;
  if (stays) {
    at++;
    rest--;
  }
  leaving = 0;
  if (rest == 1 + SCOPE_LENGTH && load<u8>(at) - 48 <= 3) {
    leaving = load<u8>(at) - 48;
    copy32(SCOPE, at + 1);
    return true;
  }
  memory.fill(SCOPE, 0, SCOPE_LENGTH);
  return rest == 0;
}

/** Whether the route has filters of users. */
export function hasUsersFilters(): bool {
  return again;
}

/** Whether the route writes the headers that claims fill, from filter state, so that no header leads away from it. */
export function staysOnRoute(): bool {
  return stays;
}

/** Whether this is the last instance of the filter that the request meets, so that it is counted here. */
export function countsHere(): bool {
  if (leaving == 0) return true;
  const here = place();
  return here == Place.recheck || (leaving & (here == Place.after ? NOT_AFTER : NOT_FIRST)) == 0;
}

/** The name under which the counters of the route are counted: `SCOPE_LENGTH` bytes, zeros where it has none. */
export function scope(): usize {
  return SCOPE;
}
