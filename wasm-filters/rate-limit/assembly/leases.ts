import { alloc } from "../../sdk/assembly/arena";
import { ask, askInBackground, Asked } from "../../sdk/assembly/questions";
import { Reader } from "../../sdk/assembly/reader";
import { sha256 } from "../../sdk/assembly/sha256";
import { literal, Slice } from "../../sdk/assembly/slice";
import { FIELD_ROOM, putBytesField, putVarintField } from "../../sdk/assembly/writer";
import { CompiledLimit, SCOPE_LENGTH } from "./compile";
import {
  askedAt, Hand, handFor, hold, Holds, neededOf, sequenceOf, setAsked, setSequence, setToServe, setWaiting, setWindow, stateOf, tokensOf,
  toServe, untilOf, waitingOf, wantedOf, windowOf,
} from "./hands";
import { KEY } from "./selectors";

/** Questions for a part of what a window still allows; see `questions.ts`. */
export const LEASE_QUESTION: u32 = 2;

const LEASE = literal("/sluice.sidecar.v1.Sidecar/Lease");

/** An answer that comes so long after the time limit of its call does not come. Nanoseconds. */
const LATER: u64 = 100_000_000;
const MILLISECOND: u64 = 1_000_000;
/** How often a request may find that others took what it waited for. */
const MOST_TIMES: u32 = 8;
/** A tag, of the limit and of the client. */
const ECHO_SIZE: u32 = 16;
const DIGEST: usize = memory.data(32, 8);

/** Asks for what a request needs, together with all that wait for the same: an `Asked`. It is looked at again afterwards. */
export function askForLease(limit: CompiledLimit, hand: Hand, scope: usize, at: u64, needed: u32): i32 {
  for (let i: u32 = 0; i < MOST_TIMES; i++) {
    if (isUnderWay(limit, hand, at)) {
      setWaiting(hand, waitingOf(hand) + 1);
    } else {
      // Those that waited with this one, and have not been looked at again, will need as much.
      setAsked(hand, at, needed * max<u32>(1, toServe(hand)), room(limit, hand));
      setToServe(hand, 0);
      setWaiting(hand, 1);
    }
    const message = question(limit, hand, scope);
    const answer = ask(LEASE_QUESTION, 0, LEASE, message.ptr, message.len, limit.timeout);
    if (answer == Asked.waiting) return answer;
    if (answer < 0) {
      // Those that were refused with it wait no longer: nothing is asked for them.
      setAsked(hand, 0, 0, 0);
      setWaiting(hand, 0);
      return answer;
    }
    // This very question was answered before, and others took what came: the next one is another question.
    setSequence(hand, sequenceOf(hand) + 1);
    setAsked(hand, 0, 0, 0);
  }
  return Asked.failed;
}

/** Asks for more before there is none, so that requests need not wait. */
export function askAhead(limit: CompiledLimit, hand: Hand, scope: usize, at: u64): void {
  // Who waited and has not been looked at again asks for all of them: a small question before would hold them up.
  if (toServe(hand) > 0 || isUnderWay(limit, hand, at)) return;
  setAsked(hand, at, 0, room(limit, hand));
  setWaiting(hand, 0);
  const message = question(limit, hand, scope);
  if (!askInBackground(LEASE_QUESTION, 0, LEASE, message.ptr, message.len, limit.timeout)) setAsked(hand, 0, 0, 0);
}

/** How much more a worker may hold. */
function room(limit: CompiledLimit, hand: Hand): u32 {
  const tokens = tokensOf(hand);
  return limit.limit.lease > tokens ? limit.limit.lease - tokens : 0;
}

function isUnderWay(limit: CompiledLimit, hand: Hand, at: u64): bool {
  const asked = askedAt(hand);
  return asked != 0 && at - asked < <u64>limit.timeout * MILLISECOND + LATER;
}

const QUESTION: Slice = new Slice(0, 0);

/** The LeaseRequest that the hand stands for: the same bytes as long as it is the same question. */
function question(limit: CompiledLimit, hand: Hand, scope: usize): Slice {
  nameCounter(limit, scope);
  const room = ECHO_SIZE + 32 + 7 * FIELD_ROOM;
  const message = alloc(room);
  let to = putBytesField(message, 1, hand, ECHO_SIZE);
  to = putBytesField(to, 2, DIGEST, 32);
  to = putVarintField(to, 3, limit.limit.requests);
  to = putVarintField(to, 4, limit.limit.window);
  to = putVarintField(to, 5, wantedOf(hand));
  to = putVarintField(to, 6, neededOf(hand));
  to = putVarintField(to, 7, sequenceOf(hand));
  QUESTION.ptr = message;
  QUESTION.len = <u32>(to - message);
  return QUESTION;
}

/** Writes to `DIGEST` what tells the counter from all others, of all proxies. */
function nameCounter(limit: CompiledLimit, scope: usize): void {
  const name = limit.limit.name;
  const size = 8 + SCOPE_LENGTH + name.len + KEY.len;
  const bytes = alloc(size);
  store<u32>(bytes, name.len);
  store<u32>(bytes, KEY.len, 4);
  if (limit.limit.shared) memory.fill(bytes + 8, 0, SCOPE_LENGTH);
  else memory.copy(bytes + 8, scope, SCOPE_LENGTH);
  memory.copy(bytes + 8 + SCOPE_LENGTH, name.ptr, name.len);
  memory.copy(bytes + 8 + SCOPE_LENGTH + name.len, KEY.ptr, KEY.len);
  sha256(bytes, size, DIGEST);
}

const READER: Reader = new Reader(0, 0);

/** Puts what a LeaseResponse grants into the hand that it is for, and says that there was an answer. */
export function takeLease(response: Slice, at: u64): i32 {
  const reader = READER;
  reader.restart(response.ptr, response.ptr + response.len);
  let echo: usize = 0;
  let granted: u32 = 0;
  let remaining: u32 = 0;
  let end: u64 = 0;
  let window: u32 = 0;
  while (reader.next()) {
    switch (reader.field) {
      case 1: if (reader.expect(2)) { const bytes = reader.bytes(); echo = bytes.len == ECHO_SIZE ? bytes.ptr : 0; } break;
      case 2: if (reader.expect(0)) { granted = <u32>reader.varint(); } break;
      case 3: if (reader.expect(0)) { remaining = <u32>reader.varint(); } break;
      case 4: if (reader.expect(0)) { end = reader.varint(); } break;
      case 5: if (reader.expect(0)) { window = <u32>reader.varint(); } break;
      default: reader.skip();
    }
  }
  if (!reader.ok || echo == 0) return Asked.failed;
  const hand = handFor(load<u64>(echo), load<u64>(echo, 8), at);
  if (hand == 0) return Asked.failed;
  setToServe(hand, waitingOf(hand));
  setWaiting(hand, 0);
  setAsked(hand, 0, 0, 0);
  setSequence(hand, sequenceOf(hand) + 1);
  if (end > at) deposit(hand, granted, remaining, end, window);
  return 0;
}

/** What is left of another window is worth nothing in this one. No answer tells a later end than there is: the latest counts. */
function deposit(hand: Hand, granted: u32, remaining: u32, end: u64, window: u32): void {
  const isSame = stateOf(hand) != Holds.nothing && windowOf(hand) == window;
  const tokens = (isSame ? tokensOf(hand) : 0) + granted;
  hold(hand, tokens == 0 ? Holds.refusal : Holds.tokens, tokens, remaining, isSame ? max(end, untilOf(hand)) : end);
  setWindow(hand, window);
}
