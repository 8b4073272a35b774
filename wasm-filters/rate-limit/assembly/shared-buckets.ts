import { getSharedData, NOT_THERE, now, resultLen, resultPtr, resultVersion, setSharedData } from "../../sdk/assembly/host";
import { sha256 } from "../../sdk/assembly/sha256";
import { literal, Slice } from "../../sdk/assembly/slice";
import { CompiledLimit } from "./compile";
import { fullAfter, tokensAt, whenThere } from "./token-bucket";

// Token buckets that all workers share, in the host's shared data, which never forgets a key. So keys are few whatever
// clients send: one for each limit of a route, and a fixed number of places for the buckets of single clients, of which a
// limit takes three quarters at most. A client that finds all places of its set taken shares one bucket with all others
// of its limit that find none: it holds as much as one of theirs. A bucket that is full needs no place.

const SETS: u32 = 65536;
const PLACES: u32 = 8;
const PLACES_OF_A_LIMIT: u32 = 6;
/** A place: [tag of the limit u64][tag of the client u64][when full u64]. */
const PLACE_SIZE: usize = 24;
const SET_SIZE: u32 = 192;

/** How often others may be quicker before it is given up. */
const MOST_TRIES: u32 = 64;

const SEED_KEY = literal("sluice.rate-limit.seed");
const SEED: usize = memory.data(32, 8);
let isSeeded: bool = false;

/** A key that is being written: what it is for, and the digits of a number. */
const KEY: usize = memory.data(24, 8);
const NAME: Slice = new Slice(KEY, 24);
const VALUE: usize = memory.data(192, 8);

/** What came of taking. */
export namespace Taken {
  /** `COUNT` tokens; `LEFT` are left, and the bucket will be full at `UNTIL` at the earliest. */
  export const some: u32 = 0;
  /** There are not enough before `UNTIL`. */
  export const none: u32 = 1;
  /** Others were always quicker. */
  export const busy: u32 = 2;
}

export let COUNT: u32 = 0;
export let LEFT: u32 = 0;
export let UNTIL: u64 = 0;

/** The secret of this process that tags are made with: 16 bytes. */
export function seed(): usize {
  if (!isSeeded) readSeed();
  return SEED;
}

/** The first worker that comes makes it, and all take what they find then. */
function readSeed(): void {
  if (!getSharedData(SEED_KEY) || resultLen() != 16) {
    store<u64>(VALUE, now());
    store<u64>(VALUE, <u64>changetype<usize>(NAME) ^ <u64>memory.size(), 8);
    sha256(VALUE, 16, SEED);
    setSharedData(SEED_KEY, SEED, 16, NOT_THERE);
    if (!getSharedData(SEED_KEY) || resultLen() != 16) return;
  }
  memory.copy(SEED, resultPtr(), 16);
  isSeeded = true;
}

/** Takes `needed` tokens of a counter, or, where there are plenty, up to `wanted`. */
export function takeTokens(limit: CompiledLimit, limitTag: u64, clientTag: u64, at: u64, needed: u32, wanted: u32): u32 {
  if (!limit.isDistinct) return takeOfLimit(limit, 0x6d, limitTag, at, needed, wanted);
  for (let i: u32 = 0; i < MOST_TRIES; i++) {
    const taken = tryPlace(limit, limitTag, clientTag, at, needed, wanted);
    if (taken == NO_PLACE) return takeOfLimit(limit, 0x6f, limitTag, at, needed, wanted);
    if (taken != Taken.busy) return taken;
  }
  return Taken.busy;
}

/** Takes of the one bucket of a limit, or of the one of its clients that find no place, by the letter in its key. */
function takeOfLimit(limit: CompiledLimit, letter: u8, limitTag: u64, at: u64, needed: u32, wanted: u32): u32 {
  for (let i: u32 = 0; i < MOST_TRIES; i++) {
    nameKey(letter, limitTag);
    const isThere = getSharedData(NAME) && resultLen() == 8;
    const version = isThere ? resultVersion() : NOT_THERE;
    const full: u64 = isThere ? load<u64>(resultPtr()) : 0;
    const isEnough = canTake(limit, full, at, needed, wanted);
    if (!isEnough && !isAhead(limit, full, at)) return Taken.none;
    store<u64>(VALUE, isEnough ? UNTIL : emptyBucket(limit, at));
    if (setSharedData(NAME, VALUE, 8, version)) return isEnough ? Taken.some : Taken.none;
  }
  return Taken.busy;
}

const NO_PLACE: u32 = 3;

function tryPlace(limit: CompiledLimit, limitTag: u64, clientTag: u64, at: u64, needed: u32, wanted: u32): u32 {
  nameKey(0x63, (limitTag ^ clientTag) & (SETS - 1));
  const isThere = getSharedData(NAME) && resultLen() == SET_SIZE;
  const version = isThere ? resultVersion() : NOT_THERE;
  if (isThere) memory.copy(VALUE, resultPtr(), SET_SIZE);
  else memory.fill(VALUE, 0, SET_SIZE);
  const place = placeOf(limitTag, clientTag, at);
  if (place == 0) return NO_PLACE;
  const isOurs = load<u64>(place) == limitTag && load<u64>(place, 8) == clientTag;
  const full: u64 = isOurs ? load<u64>(place, 16) : 0;
  const isEnough = canTake(limit, full, at, needed, wanted);
  if (!isEnough && !isAhead(limit, full, at)) return Taken.none;
  store<u64>(place, limitTag);
  store<u64>(place, clientTag, 8);
  store<u64>(place, isEnough ? UNTIL : emptyBucket(limit, at), 16);
  if (!setSharedData(NAME, VALUE, SET_SIZE, version)) return Taken.busy;
  return isEnough ? Taken.some : Taken.none;
}

/** The client's place in `VALUE`, or one that nobody needs and the limit may have; 0 when there is none. */
function placeOf(limitTag: u64, clientTag: u64, at: u64): usize {
  let free: usize = 0;
  let ofLimit: u32 = 0;
  for (let place = VALUE; place < VALUE + PLACES * PLACE_SIZE; place += PLACE_SIZE) {
    const isOfLimit = load<u64>(place) == limitTag;
    if (isOfLimit && load<u64>(place, 8) == clientTag) return place;
    if (load<u64>(place, 16) <= at) free = place;
    else if (isOfLimit) ofLimit++;
  }
  return ofLimit < PLACES_OF_A_LIMIT ? free : 0;
}

/** Finds out what is taken of a bucket: `COUNT`, `LEFT` and `UNTIL`; false when there is not enough, until `UNTIL`. */
function canTake(limit: CompiledLimit, full: u64, at: u64, needed: u32, wanted: u32): bool {
  const requests = limit.limit.requests;
  const there = tokensAt(at, full, limit.interval, requests);
  if (there < needed || there == 0) {
    UNTIL = needed > requests ? u64.MAX_VALUE : whenThere(at, full, limit.interval, requests, max<u32>(1, needed));
    return false;
  }
  // The last tokens are not spread over workers that do not use them.
  COUNT = max<u32>(max<u32>(1, needed), min<u32>(wanted, (there + 3) >> 2));
  LEFT = there - COUNT;
  UNTIL = fullAfter(at, full, limit.interval, COUNT);
  return true;
}

/** Whether a bucket was written under a clock that has gone back since: it is written anew then, or would stay empty for long. */
function isAhead(limit: CompiledLimit, full: u64, at: u64): bool {
  return full > emptyBucket(limit, at);
}

/** When a bucket will be full that is empty now. */
function emptyBucket(limit: CompiledLimit, at: u64): u64 {
  return at + limit.interval * limit.limit.requests;
}

function nameKey(letter: u8, number: u64): void {
  // "sluice." and the letter.
  store<u64>(KEY, 0x002e656369756c73 | (<u64>letter << 56));
  for (let i: usize = 0; i < 16; i++) {
    const digit = <u32>(number >> <u64>(60 - (i << 2))) & 15;
    store<u8>(KEY + 8 + i, <u8>(digit < 10 ? 48 + digit : 87 + digit));
  }
}
