import { freeLater, OWNED } from "../../sdk/assembly/arena";
import { copyJson, Json, jsonSize } from "../../sdk/assembly/json";
import { sameBytes } from "../../sdk/assembly/slice";

// Tokens whose signature, issuer and audience have been found good, with their payload as it was read. Time is not part of it: it
// is judged on every request. Sets of a few places each, the least recently used place of a set is given up. Only verified tokens
// get in, and a hit takes the whole token: who does not hold a good token can neither find nor displace anything.

const SETS: u32 = 1024;
const WAYS: u32 = 4;
/** Tokens that take more, their payloads included, are verified every time. Bytes. */
const LARGEST: usize = 8192;

/** Pointers to entries: the fields below, the token, its payload. */
const TABLE: usize = memory.data(16384, 8);
const KEY: usize = 0;
const USED: usize = 8;
const LENGTH: usize = 12;
const EXPIRES: usize = 16;
const BEGINS: usize = 24;
const PAYLOAD: usize = 32;
const HEAD: usize = 40;

let clock: u32 = 0;

/** A token that was found good; 0 is none. Until the callback ends. */
export type KnownToken = usize;

/** Until when and from when a token is good: seconds since the epoch, infinite where it does not say. */
@inline export function expiryOf(token: KnownToken): f64 { return load<f64>(token, EXPIRES); }
@inline export function beginOf(token: KnownToken): f64 { return load<f64>(token, BEGINS); }
@inline export function payloadOf(token: KnownToken): Json { return <usize>load<u32>(token, PAYLOAD); }

/** Finds a token that was found good under this key. */
export function findToken(key: u64, ptr: usize, len: u32): KnownToken {
  if (len < 16) return 0;
  const set = setOf(key, ptr, len);
  for (let i: u32 = 0; i < WAYS; i++) {
    const entry = load<usize>(set + (i << 2));
    if (entry == 0 || load<u64>(entry, KEY) != key || load<u32>(entry, LENGTH) != len) continue;
    if (!sameBytes(entry + HEAD, ptr, len)) continue;
    store<u32>(entry, ++clock, USED);
    return entry;
  }
  return 0;
}

/** Notes that a token was found good, and what it says. */
export function keepToken(key: u64, ptr: usize, len: u32, payload: Json, expires: f64, begins: f64): void {
  const text = (HEAD + <usize>len + 7) & ~7;
  const size = text + jsonSize(payload);
  if (len < 16 || size > LARGEST) return;
  const place = placeIn(setOf(key, ptr, len));
  const old = load<usize>(place);
  // A request whose other token this was may still look at it.
  if (old != 0) freeLater(old - OWNED);
  const entry = heap.alloc(OWNED + size) + OWNED;
  store<u64>(entry, key, KEY);
  store<u32>(entry, ++clock, USED);
  store<u32>(entry, len, LENGTH);
  store<f64>(entry, expires, EXPIRES);
  store<f64>(entry, begins, BEGINS);
  memory.copy(entry + HEAD, ptr, len);
  store<u32>(entry, <u32>copyJson(payload, entry + text), PAYLOAD);
  store<usize>(place, entry);
}

/** The place of a set that is free, or was used longest ago. */
function placeIn(set: usize): usize {
  let place = set;
  let oldest: u32 = u32.MAX_VALUE;
  for (let i: u32 = 0; i < WAYS; i++) {
    const entry = load<usize>(set + (i << 2));
    const used: u32 = entry == 0 ? 0 : load<u32>(entry, USED);
    if (used >= oldest) continue;
    oldest = used;
    place = set + (i << 2);
  }
  return place;
}

/** The set of a token, from the end of its signature. */
function setOf(key: u64, ptr: usize, len: u32): usize {
  let h = (load<u64>(ptr + len - 8) ^ key) * 0x9e3779b97f4a7c15;
  h ^= load<u64>(ptr + len - 16) ^ (h >> 32);
  h *= 0x9e3779b97f4a7c15;
  return TABLE + (<usize>(<u32>(h >> 40) & (SETS - 1)) * WAYS << 2);
}
