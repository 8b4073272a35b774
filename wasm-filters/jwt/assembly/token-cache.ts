import { sameBytes } from "../../sdk/assembly/slice";

// Tokens whose signature, issuer and audience have been found good. Time is not part of it: it is judged on every request.
// Sets of a few places each, the least recently used place of a set is given up. Only verified tokens get in, and a hit
// takes the whole token: who does not hold a good token can neither find nor displace anything.

const SETS: u32 = 1024;
const WAYS: u32 = 4;
/** Longer tokens are verified every time. Bytes. */
const LONGEST: u32 = 4096;

/** Pointers to entries: [key u64][used u32][len u32][token]. */
const TABLE: usize = memory.data(16384, 8);
const HEAD: usize = 16;

let clock: u32 = 0;

/** Whether this token was found good under this key. */
export function remembersToken(key: u64, ptr: usize, len: u32): bool {
  if (len < 16 || len > LONGEST) return false;
  const set = setOf(key, ptr, len);
  for (let i: u32 = 0; i < WAYS; i++) {
    const entry = load<usize>(set + (i << 2));
    if (entry == 0 || load<u64>(entry) != key || load<u32>(entry, 12) != len) continue;
    if (!sameBytes(entry + HEAD, ptr, len)) continue;
    store<u32>(entry, ++clock, 8);
    return true;
  }
  return false;
}

/** Notes that a token was found good. */
export function rememberToken(key: u64, ptr: usize, len: u32): void {
  if (len < 16 || len > LONGEST) return;
  const set = setOf(key, ptr, len);
  let place = set;
  let oldest: u32 = u32.MAX_VALUE;
  for (let i: u32 = 0; i < WAYS; i++) {
    const entry = load<usize>(set + (i << 2));
    const used: u32 = entry == 0 ? 0 : load<u32>(entry, 8);
    if (used < oldest) {
      oldest = used;
      place = set + (i << 2);
    }
  }
  const old = load<usize>(place);
  if (old != 0) heap.free(old);
  const entry = heap.alloc(HEAD + len);
  store<u64>(entry, key);
  store<u32>(entry, ++clock, 8);
  store<u32>(entry, len, 12);
  memory.copy(entry + HEAD, ptr, len);
  store<usize>(place, entry);
}

/** The set of a token, from the end of its signature. */
function setOf(key: u64, ptr: usize, len: u32): usize {
  let h = (load<u64>(ptr + len - 8) ^ key) * 0x9e3779b97f4a7c15;
  h ^= load<u64>(ptr + len - 16) ^ (h >> 32);
  h *= 0x9e3779b97f4a7c15;
  return TABLE + (<usize>(<u32>(h >> 40) & (SETS - 1)) * WAYS << 2);
}
