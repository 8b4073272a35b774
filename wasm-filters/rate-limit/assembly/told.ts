import { alloc } from "../../sdk/assembly/arena";
import { addResponseHeader } from "../../sdk/assembly/host";
import { streamContext } from "../../sdk/assembly/questions";
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

// What responses are to tell, by the contexts of their requests. Nobody says when a request ends without a response: what is
// there is overwritten by a later request. A response of which there are so many requests later ones under way tells nothing.
const PLACES: u32 = 16384;
/** A place: [context][limit][remaining][reset][pointer to the quotas][their length]. */
const PLACE_SIZE: usize = 24;
const TABLE: usize = memory.data(393216, 8);

/** Keeps what is to be told for the response. */
export function keepValues(): void {
  const limit = least;
  if (limit === null) return;
  const place = placeOf(streamContext());
  forget(place);
  store<u32>(place, streamContext());
  store<u32>(place, limit.limit.requests, 4);
  store<u32>(place, remaining, 8);
  store<u32>(place, <u32>min<u64>(reset, u32.MAX_VALUE), 12);
  if (QUOTAS.len == 0) return;
  const quotas = heap.alloc(QUOTAS.len);
  memory.copy(quotas, QUOTAS.ptr, QUOTAS.len);
  store<u32>(place, <u32>quotas, 16);
  store<u32>(place, QUOTAS.len, 20);
}

/** Adds the headers to the response of a request, where there is something to tell. */
export function tellValues(context: u32): void {
  const place = placeOf(context);
  if (load<u32>(place) != context) return;
  QUOTAS.ptr = <usize>load<u32>(place, 16);
  QUOTAS.len = load<u32>(place, 20);
  write(load<u32>(place, 4), load<u32>(place, 8), load<u32>(place, 12));
  addResponseHeader(LIMIT_HEADER, LIMIT_VALUE.ptr, LIMIT_VALUE.len);
  addResponseHeader(REMAINING_HEADER, REMAINING_VALUE.ptr, REMAINING_VALUE.len);
  addResponseHeader(RESET_HEADER, RESET_VALUE.ptr, RESET_VALUE.len);
  forget(place);
}

@inline function placeOf(context: u32): usize {
  return TABLE + <usize>(context & (PLACES - 1)) * PLACE_SIZE;
}

function forget(place: usize): void {
  store<u32>(place, 0);
  const quotas = <usize>load<u32>(place, 16);
  if (quotas == 0) return;
  heap.free(quotas);
  store<u64>(place, 0, 16);
}

/** Writes the values of the headers; false when there is nothing to tell. */
export function writeValues(): bool {
  const limit = least;
  if (limit === null) return false;
  write(limit.limit.requests, remaining, reset);
  return true;
}

function write(requests: u32, left: u32, seconds: u64): void {
  const at = alloc(64 + QUOTAS.len);
  let to = putNumber(at, requests);
  memory.copy(to, QUOTAS.ptr, QUOTAS.len);
  to = put(LIMIT_VALUE, at, to + QUOTAS.len);
  to = put(REMAINING_VALUE, to, putNumber(to, left));
  put(RESET_VALUE, to, putNumber(to, seconds));
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
