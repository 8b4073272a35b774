import { alloc } from "../../sdk/assembly/arena";
import { countOne, getProperty, resultLen, resultPtr } from "../../sdk/assembly/host";
import { Asked } from "../../sdk/assembly/questions";
import { sipHash } from "../../sdk/assembly/sip-hash";
import { literal, Slice } from "../../sdk/assembly/slice";
import { CompiledLimit, MOST_LIMITS, SCOPE_LENGTH } from "./compile";
import {
  beginHolding, Hand, handFor, hold, Holds, leftOf, setToServe, setTokens, stateOf, tokensOf, toServe, untilOf,
} from "./hands";
import { askAhead, askForLease } from "./leases";
import { applies, beginSelecting, KEY } from "./selectors";
import { COUNT, LEFT, seed, Taken, takeTokens, UNTIL } from "./shared-buckets";
import { forgetLimits, noteLimit, noteRefusal } from "./told";

/** What becomes of a request. */
export namespace Limited {
  export const no: u32 = 0;
  /** There is nothing left for it. */
  export const yes: u32 = 1;
  /** The sidecar has been asked: the request has to wait. */
  export const waiting: u32 = 2;
  /** A limit cannot be counted now. */
  export const unavailable: u32 = 3;
}

const REFUSED = literal("sluice_rate_limited");
const SHADOWED = literal("sluice_rate_limit_shadow_refusals");
const UNCOUNTED = literal("sluice_rate_limit_uncounted");

/** The limits that apply to the request, the hand of each, and how much each takes. */
const LIMITS: StaticArray<CompiledLimit | null> = new StaticArray<CompiledLimit | null>(MOST_LIMITS);
const HANDS: StaticArray<Hand> = new StaticArray<Hand>(MOST_LIMITS);
const COSTS: StaticArray<u32> = new StaticArray<u32>(MOST_LIMITS);
let count: i32 = 0;
/** Whether some of them have to ask the sidecar first. */
let mustAsk: bool = false;
let at: u64 = 0;
/** Under which name the counters of the route are counted: `SCOPE_LENGTH` bytes. */
let scope: usize = 0;
/** Until when the limit that was looked at last refuses requests. */
let refusedUntil: u64 = 0;

/**
 * Counts a request at a time, in nanoseconds since the epoch; its headers are those of `usePairs`. What it needs is taken when all
 * limits have it, and only then.
 */
export function countRequest(limits: CompiledLimit[], scopeOfRoute: usize, time: u64): u32 {
  scope = scopeOfRoute;
  at = time;
  count = 0;
  mustAsk = false;
  forgetLimits();
  beginHolding();
  beginSelecting();
  const outcome = fillAll(limits);
  if (outcome != Limited.no) return outcome;
  if (mustAsk) return askAll();
  spend();
  return Limited.no;
}

/** Sees to it that the hands for all limits that apply have what the request needs, as far as that takes no question. */
function fillAll(limits: CompiledLimit[]): u32 {
  let anySelected = false;
  for (let i = 0; i < limits.length; i++) {
    const limit = unchecked(limits[i]);
    if (limit.limit.otherwise || !applies(limit)) continue;
    if (!limit.isGlobal && limit.limit.selectors.length > 0) anySelected = true;
    const outcome = fill(limit);
    if (outcome != Limited.no) return outcome;
  }
  for (let i = 0; i < limits.length && !anySelected; i++) {
    const limit = unchecked(limits[i]);
    if (!limit.limit.otherwise || !applies(limit)) continue;
    const outcome = fill(limit);
    if (outcome != Limited.no) return outcome;
  }
  return Limited.no;
}

/** Sees to it that the hand for a limit that applies has what the request needs, or notes that the sidecar must be asked. */
function fill(limit: CompiledLimit): u32 {
  const cost = costOf(limit);
  const limitTag = tagOf(limit);
  const clientTag: u64 = limit.isDistinct ? sipHash(seed(), KEY.ptr, KEY.len) : 0;
  const hand = handFor(limitTag, clientTag, at);
  if (hand == 0) return uncounted(limit);
  // Nothing is held for longer than a window: the clock has gone back.
  if (untilOf(hand) > at + limit.window) hold(hand, Holds.nothing, 0, 0, 0);
  if (!isLeft(limit, hand, limitTag, clientTag, cost)) {
    countOne(limit.limit.shadow ? SHADOWED : REFUSED);
    if (limit.limit.shadow) return Limited.no;
    if (limit.limit.headers) noteRefusal(limit, refusedUntil, at);
    return Limited.yes;
  }
  if (tokensOf(hand) < max<u32>(1, cost)) {
    if (!limit.isGlobal) return uncounted(limit);
    if (limit.limit.shadow) {
      askAhead(limit, hand, scope, at);
      return Limited.no;
    }
    mustAsk = true;
  } else if (limit.limit.headers) {
    noteLimit(limit, hand, cost, at);
  }
  unchecked((LIMITS[count] = limit));
  unchecked((HANDS[count] = hand));
  unchecked((COSTS[count] = cost));
  count++;
  return Limited.no;
}

/** Whether something is left for the request, or may be; of a bucket it is in the hand then, if that could be told. */
function isLeft(limit: CompiledLimit, hand: Hand, limitTag: u64, clientTag: u64, cost: u32): bool {
  const needed = max<u32>(1, cost);
  refusedUntil = limit.limit.requests == 0 ? u64.MAX_VALUE : untilOf(hand);
  if (limit.limit.requests == 0 || stateOf(hand) == Holds.refusal) return false;
  if (tokensOf(hand) >= needed) return true;
  // Of a window all may have been given out.
  if (limit.isGlobal) return stateOf(hand) != Holds.tokens || leftOf(hand) > 0;
  return fillFromBucket(limit, hand, limitTag, clientTag, needed - tokensOf(hand));
}

/** Asks for all that is missing. */
function askAll(): u32 {
  let waits = false;
  for (let i = 0; i < count; i++) {
    const limit = unchecked(LIMITS[i]);
    const hand = unchecked(HANDS[i]);
    const needed = max<u32>(1, unchecked(COSTS[i]));
    if (limit === null || tokensOf(hand) >= needed || !isKeyOf(limit)) continue;
    const asked = askForLease(limit, hand, scope, at, needed - tokensOf(hand));
    if (asked == Asked.waiting) waits = true;
    // Who waits already is looked at again, and finds then what is missing.
    else if (!waits && uncounted(limit) == Limited.unavailable) return Limited.unavailable;
  }
  if (waits) return Limited.waiting;
  spend();
  return Limited.no;
}

/** Makes `KEY` that of a limit which is known to apply. */
function isKeyOf(limit: CompiledLimit): bool {
  if (limit.isDistinct) return applies(limit);
  KEY.len = 0;
  return true;
}

/** What becomes of a request when a limit cannot be counted. */
function uncounted(limit: CompiledLimit): u32 {
  countOne(UNCOUNTED);
  return limit.limit.open || limit.limit.shadow ? Limited.no : Limited.unavailable;
}

function fillFromBucket(limit: CompiledLimit, hand: Hand, limitTag: u64, clientTag: u64, needed: u32): bool {
  const there = tokensOf(hand);
  const taken = takeTokens(limit, limitTag, clientTag, at, needed, max(needed, limit.limit.lease));
  if (taken == Taken.none) {
    refusedUntil = UNTIL;
    // Who needs more than one may be refused where who needs one is not.
    if (there == 0 && needed == 1) hold(hand, Holds.refusal, 0, 0, UNTIL);
    return false;
  }
  // As long as the bucket has not been full since, tokens that were taken are as good as tokens that are still in it.
  if (taken == Taken.some) hold(hand, Holds.tokens, there + COUNT, LEFT, UNTIL);
  return true;
}

/** Takes what the request needs from all hands. */
function spend(): void {
  for (let i = 0; i < count; i++) {
    const limit = unchecked(LIMITS[i]);
    const hand = unchecked(HANDS[i]);
    if (limit === null) continue;
    const tokens = tokensOf(hand);
    setTokens(hand, tokens - min(tokens, unchecked(COSTS[i])));
    if (toServe(hand) > 0) setToServe(hand, toServe(hand) - 1);
    const lease = limit.limit.lease;
    if (!limit.isGlobal || lease < 2 || leftOf(hand) == 0 || tokensOf(hand) >= lease / 2) continue;
    if (isKeyOf(limit)) askAhead(limit, hand, scope, at);
  }
}

/** What stands for a limit on this route, or on all with it. */
function tagOf(limit: CompiledLimit): u64 {
  const known = changetype<usize>(limit.scope);
  const isSame = load<u64>(known) == load<u64>(scope) && load<u64>(known, 8) == load<u64>(scope, 8) &&
    load<u64>(known, 16) == load<u64>(scope, 16) && load<u64>(known, 24) == load<u64>(scope, 24);
  if (limit.tag != 0 && (isSame || limit.limit.shared)) return limit.tag;
  memory.copy(known, scope, SCOPE_LENGTH);
  const name = limit.limit.name;
  const bytes = alloc(SCOPE_LENGTH + 1 + name.len);
  if (limit.limit.shared) memory.fill(bytes, 0, SCOPE_LENGTH);
  else memory.copy(bytes, scope, SCOPE_LENGTH);
  store<u8>(bytes, limit.isGlobal ? 1 : 0, SCOPE_LENGTH);
  memory.copy(bytes + SCOPE_LENGTH + 1, name.ptr, name.len);
  limit.tag = sipHash(seed(), bytes, SCOPE_LENGTH + 1 + name.len);
  return limit.tag;
}

const METADATA = literal("metadata\0filter_metadata\0");

function costOf(limit: CompiledLimit): u32 {
  const cost = limit.limit.cost;
  if (cost === null) return 1;
  const key = cost.metadata;
  return key === null ? cost.number : numberAt(key.namespace, key.key);
}

const PROPERTY: Slice = new Slice(0, 0);

/** A number of the request's dynamic metadata, without its fraction; 1 where there is none. */
function numberAt(namespace: Slice, key: Slice): u32 {
  const size = METADATA.len + namespace.len + 1 + key.len;
  PROPERTY.ptr = alloc(size);
  PROPERTY.len = size;
  memory.copy(PROPERTY.ptr, METADATA.ptr, METADATA.len);
  memory.copy(PROPERTY.ptr + METADATA.len, namespace.ptr, namespace.len);
  store<u8>(PROPERTY.ptr + METADATA.len + namespace.len, 0);
  memory.copy(PROPERTY.ptr + METADATA.len + namespace.len + 1, key.ptr, key.len);
  if (!getProperty(PROPERTY) || resultLen() != 8) return 1;
  const number = load<f64>(resultPtr());
  if (!(number >= 0)) return 1;
  return number > <f64>u32.MAX_VALUE ? u32.MAX_VALUE : <u32>number;
}
