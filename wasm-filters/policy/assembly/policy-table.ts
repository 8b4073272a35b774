import { CompiledPolicy } from "./compiled-policy";

// Policies that were read, by id: sets of a few places. What is given up first was used longest ago.

const SETS: u32 = 256;
const WAYS: u32 = 8;
/** Bytes of policies beyond which older ones are given up. */
const MOST_BYTES: u32 = 16777216;
/** Bytes of garbage that are always tolerated, and what the smallest policy counts for. */
const MOST_GARBAGE: u32 = 131072;
const LEAST_GARBAGE: u32 = 64;

const table = new StaticArray<CompiledPolicy | null>(SETS * WAYS);
let bytes: u32 = 0;
let clock: u32 = 0;
/** Bytes of policies that were read and are no longer kept, or never were. */
let garbage: u32 = 0;

/** The policy of this id, or `null`. */
export function findPolicy(id: usize): CompiledPolicy | null {
  const set = setOf(id);
  for (let i: u32 = 0; i < WAYS; i++) {
    const policy = unchecked(table[set + i]);
    if (policy === null || !policy.hasId(id)) continue;
    policy.used = ++clock;
    return policy;
  }
  return null;
}

/** Keeps a policy until others need its place. */
export function keepPolicy(id: usize, policy: CompiledPolicy): void {
  const set = setOf(id);
  let place = set;
  let oldest: u32 = u32.MAX_VALUE;
  for (let i: u32 = 0; i < WAYS; i++) {
    const other = unchecked(table[set + i]);
    const used: u32 = other === null ? 0 : other.used;
    if (used >= oldest) continue;
    oldest = used;
    place = set + i;
  }
  giveUp(place);
  policy.used = ++clock;
  unchecked((table[place] = policy));
  bytes += policy.size;
  while (bytes > MOST_BYTES) if (!giveUpOldestBut(place)) return;
}

/** Notes that what a policy was read into has been compiled, and is not kept: that is some times as large. */
export function noteCompiled(size: u32): void {
  garbage += size << 2;
}

/** Notes that a policy was read for nothing: what reading it left behind must be freed at some time. */
export function noteGarbage(size: u32): void {
  garbage += size + LEAST_GARBAGE;
}

/**
 * Frees what was given up, when it is worth it: a collection looks at everything that is kept, so it waits for garbage in
 * proportion. Only where nothing on the stack refers to a policy: first in a callback.
 */
export function collectGarbage(): void {
  if (garbage < MOST_GARBAGE + (bytes >> 1)) return;
  garbage = 0;
  __collect();
}

function giveUp(place: u32): void {
  const policy = unchecked(table[place]);
  if (policy === null) return;
  bytes -= policy.size;
  policy.free();
  unchecked((table[place] = null));
  noteGarbage(policy.size);
}

function giveUpOldestBut(kept: u32): bool {
  let oldest: u32 = u32.MAX_VALUE;
  let place = kept;
  for (let i: u32 = 0; i < SETS * WAYS; i++) {
    const policy = unchecked(table[i]);
    if (policy === null || i == kept || policy.used >= oldest) continue;
    oldest = policy.used;
    place = i;
  }
  if (place == kept) return false;
  giveUp(place);
  return true;
}

/** The set of an id. Its characters are hexadecimal digits, so that their low bits differ. */
function setOf(id: usize): u32 {
  const h = load<u64>(id) * 0x9e3779b97f4a7c15;
  return (<u32>(h >> 48) & (SETS - 1)) * WAYS;
}
