import { alloc } from "../../sdk/assembly/arena";
import { Found, findHeader, findNext } from "../../sdk/assembly/header-pairs";
import { setProperty } from "../../sdk/assembly/host";
import { literal, sameBytes, Slice } from "../../sdk/assembly/slice";

const COOKIE = literal("cookie");
/** How the names of the gateway's own cookies begin: sessions and tokens, which are no business of a back-end. */
const OWN = literal("sluice-");
/** Filter state `wasm.sluice.cookie`, from which the route takes the header for the back-end. */
const SLOT = literal("sluice.cookie");

const REST: Slice = new Slice(0, 0);

/**
 * Hands Envoy the cookies that the back-end gets: all but the gateway's own. The header itself stays as it is: who comes
 * after this filter checks the session, too. False when the host refuses.
 */
export function keepBackendCookies(): bool {
  const found = findHeader(COOKIE);
  if (found.count == 0) return true;
  const size = sizeOfAll(found);
  // Pieces that were parted by ";" alone are parted by "; " afterwards.
  REST.ptr = alloc(size << 1);
  const end = copyOthers(REST.ptr);
  REST.len = <u32>(end - REST.ptr);
  return REST.len == 0 || setProperty(SLOT, REST);
}

function sizeOfAll(found: Found): usize {
  let size: usize = <usize>found.len + 2;
  while (findNext(COOKIE, found)) size += <usize>found.len + 2;
  return size;
}

/** Copies what is not ours, pieces parted by "; "; returns where it ends. */
function copyOthers(to: usize): usize {
  const start = to;
  const found = findHeader(COOKIE);
  let more = found.count > 0;
  while (more) {
    let piece = found.ptr;
    const end = found.ptr + found.len;
    while (piece < end) {
      let stop = piece;
      while (stop < end && load<u8>(stop) != 59) stop++;
      while (piece < stop && load<u8>(piece) == 32) piece++;
      if (piece < stop && !isOwn(piece, stop)) {
        if (to != start) {
          store<u16>(to, 0x203b);
          to += 2;
        }
        memory.copy(to, piece, stop - piece);
        to += stop - piece;
      }
      piece = stop + 1;
    }
    more = findNext(COOKIE, found);
  }
  return to;
}

function isOwn(piece: usize, stop: usize): bool {
  return stop - piece > OWN.len && sameBytes(piece, OWN.ptr, OWN.len);
}
