import { alloc } from "../../sdk/assembly/arena";
import { setProperty } from "../../sdk/assembly/host";
import { literal, Slice } from "../../sdk/assembly/slice";
import { CompiledLimit } from "./compile";
import { Hand, leftOf, tokensOf, untilOf } from "./hands";
import { whenThere } from "./token-bucket";

// What X-RateLimit headers tell (draft-polli-ratelimit-headers-03, as Envoy has them): of the limit that leaves least, how
// much it allows, how much of it remains, and in how many seconds there will be more; of global limits all that apply.

const SECOND: u64 = 1_000_000_000;

export const LIMIT_HEADER = literal("x-ratelimit-limit");
export const REMAINING_HEADER = literal("x-ratelimit-remaining");
export const RESET_HEADER = literal("x-ratelimit-reset");
// What Envoy keeps for the response, as filter state: routes with limits make headers of it.
const LIMIT_STATE = literal("sluice.rate_limit.limit");
const REMAINING_STATE = literal("sluice.rate_limit.remaining");
const RESET_STATE = literal("sluice.rate_limit.reset");
const WINDOW = literal(";w=");

let least: CompiledLimit | null = null;
let remaining: u32 = 0;
let reset: u64 = 0;
/** The global limits that apply: ", 10;w=60, 100;w=3600". */
const QUOTAS: Slice = new Slice(0, 0);

export const LIMIT_VALUE: Slice = new Slice(0, 0);
export const REMAINING_VALUE: Slice = new Slice(0, 0);
export const RESET_VALUE: Slice = new Slice(0, 0);

/** Says that another request is looked at. */
export function forgetLimits(): void {
  least = null;
  QUOTAS.len = 0;
}

/** Notes a limit that lets the request pass, of which `cost` will be taken. */
export function noteLimit(limit: CompiledLimit, hand: Hand, cost: u32, at: u64): void {
  if (limit.isGlobal) addQuota(limit);
  const there = <u64>tokensOf(hand) + leftOf(hand);
  const left = <u32>min<u64>(u32.MAX_VALUE, there - min<u64>(there, cost));
  if (least !== null && left >= remaining) return;
  least = limit;
  remaining = left;
  reset = secondsUntil(moreAt(limit, hand, left, at), at);
}

/** Notes the limit that refuses the request, until `until`. */
export function noteRefusal(limit: CompiledLimit, until: u64, at: u64): void {
  if (limit.isGlobal) addQuota(limit);
  least = limit;
  remaining = 0;
  // Who asks for more than there can ever be is told when there will be as much as there can be.
  reset = secondsUntil(min(until, at + limit.window), at);
}

/** When there will be more: of a window its end; of a bucket that has something, now. */
function moreAt(limit: CompiledLimit, hand: Hand, left: u32, at: u64): u64 {
  if (limit.isGlobal) return untilOf(hand);
  return left > 0 ? 0 : whenThere(at, untilOf(hand), limit.interval, limit.limit.requests, 1);
}

function secondsUntil(time: u64, at: u64): u64 {
  return time <= at ? 0 : (time - at + SECOND - 1) / SECOND;
}

function addQuota(limit: CompiledLimit): void {
  const size = QUOTAS.len + 2 + 20 + WINDOW.len;
  const moved = alloc(size);
  memory.copy(moved, QUOTAS.ptr, QUOTAS.len);
  let to = moved + QUOTAS.len;
  store<u16>(to, 0x202c);
  to = putNumber(to + 2, limit.limit.requests);
  memory.copy(to, WINDOW.ptr, WINDOW.len);
  to = putNumber(to + WINDOW.len, limit.limit.window);
  QUOTAS.ptr = moved;
  QUOTAS.len = <u32>(to - moved);
}

/** Writes the values of the headers; false when there is nothing to tell. */
export function writeValues(): bool {
  const limit = least;
  if (limit === null) return false;
  const at = alloc(64 + QUOTAS.len);
  let to = putNumber(at, limit.limit.requests);
  memory.copy(to, QUOTAS.ptr, QUOTAS.len);
  to = put(LIMIT_VALUE, at, to + QUOTAS.len);
  to = put(REMAINING_VALUE, to, putNumber(to, remaining));
  put(RESET_VALUE, to, putNumber(to, reset));
  return true;
}

/** Keeps what is to be told for the response. */
export function keepValues(): void {
  if (!writeValues()) return;
  setProperty(LIMIT_STATE, LIMIT_VALUE);
  setProperty(REMAINING_STATE, REMAINING_VALUE);
  setProperty(RESET_STATE, RESET_VALUE);
}

function put(value: Slice, from: usize, to: usize): usize {
  value.ptr = from;
  value.len = <u32>(to - from);
  return to;
}

function putNumber(to: usize, value: u64): usize {
  let digits: usize = 1;
  for (let rest = value; rest > 9; rest /= 10) digits++;
  for (let i = digits; i > 0; i--, value /= 10) store<u8>(to + i - 1, <u8>(48 + value % 10));
  return to + digits;
}
