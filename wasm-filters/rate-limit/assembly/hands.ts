// What this worker holds of counters: tokens that it has taken of a bucket, or was granted of a window, and may use until
// they expire; or the word that there is nothing before some time. Sets of a few places each; what is given up was used
// longest ago. It is a cache: what is given up was counted where it came from, and is lost, never used twice.

const SETS: u32 = 2048;
const WAYS: u32 = 4;

// A hand: [tag of the limit u64][tag of the client u64][until u64][asked at u64][tokens][left][used][state][needed][sequence]
// [waiting][to serve][wanted][window].
const SIZE: usize = 72;
const TABLE: usize = memory.data(589824, 8);

/** What there is in a hand. */
export namespace Holds {
  export const nothing: u32 = 0;
  /** Tokens, until `until`. */
  export const tokens: u32 = 1;
  /** The word that there is nothing until `until`. */
  export const refusal: u32 = 2;
}

/** A hand; 0 for none. */
export type Hand = usize;

@inline export function untilOf(hand: Hand): u64 { return load<u64>(hand, 16); }
/** When the question to the sidecar that is under way was asked; 0 for none. */
@inline export function askedAt(hand: Hand): u64 { return load<u64>(hand, 24); }
@inline export function tokensOf(hand: Hand): u32 { return load<u32>(hand, 32); }
/** What was left where the tokens came from. */
@inline export function leftOf(hand: Hand): u32 { return load<u32>(hand, 36); }
@inline export function stateOf(hand: Hand): u32 { return load<u32>(hand, 44); }
/** How much the question under way, or the last one, said to need. */
@inline export function neededOf(hand: Hand): u32 { return load<u32>(hand, 48); }
/** Which window tokens are of, as far as a number of 32 bits tells. */
@inline export function windowOf(hand: Hand): u32 { return load<u32>(hand, 68); }
@inline export function setWindow(hand: Hand, window: u32): void { store<u32>(hand, window, 68); }
/** How much it said to want. */
@inline export function wantedOf(hand: Hand): u32 { return load<u32>(hand, 64); }
/** How many leases were granted. */
@inline export function sequenceOf(hand: Hand): u32 { return load<u32>(hand, 52); }
/** How many requests wait for the question under way. */
@inline export function waitingOf(hand: Hand): u32 { return load<u32>(hand, 56); }
/** How many of those that waited have not been looked at again yet. */
@inline export function toServe(hand: Hand): u32 { return load<u32>(hand, 60); }

@inline export function setTokens(hand: Hand, tokens: u32): void { store<u32>(hand, tokens, 32); }
@inline export function setAsked(hand: Hand, at: u64, needed: u32, wanted: u32): void {
  store<u64>(hand, at, 24);
  store<u32>(hand, needed, 48);
  store<u32>(hand, wanted, 64);
}
@inline export function setSequence(hand: Hand, sequence: u32): void { store<u32>(hand, sequence, 52); }
@inline export function setWaiting(hand: Hand, count: u32): void { store<u32>(hand, count, 56); }
@inline export function setToServe(hand: Hand, count: u32): void { store<u32>(hand, count, 60); }

/** Puts tokens, or the word that there are none, into a hand. */
export function hold(hand: Hand, state: u32, tokens: u32, left: u32, until: u64): void {
  store<u64>(hand, until, 16);
  store<u32>(hand, tokens, 32);
  store<u32>(hand, left, 36);
  store<u32>(hand, state, 44);
}

let clock: u32 = 0;
/** The clock when the evaluation began: what was used since is not given up. */
let began: u32 = 0;

/** Says that another evaluation begins: until the next one no hand that it is given is given up. */
export function beginHolding(): void {
  if (clock > 0xfffff000) forgetAges();
  began = clock;
}

/** The hand for a counter, empty when there was none; 0 when the evaluation has used all that it could be. */
export function handFor(limitTag: u64, clientTag: u64, now: u64): Hand {
  const set = TABLE + <usize>((<u32>(limitTag >> 32) ^ <u32>(clientTag >> 32)) & (SETS - 1)) * (WAYS * SIZE);
  let place: usize = 0;
  let oldest: u32 = began + 1;
  for (let hand = set; hand < set + WAYS * SIZE; hand += SIZE) {
    if (load<u64>(hand) == limitTag && load<u64>(hand, 8) == clientTag) {
      if (untilOf(hand) <= now) empty(hand);
      store<u32>(hand, ++clock, 40);
      return hand;
    }
    const used = load<u32>(hand, 40);
    if (used >= oldest) continue;
    oldest = used;
    place = hand;
  }
  if (place == 0) return 0;
  memory.fill(place, 0, SIZE);
  store<u64>(place, limitTag);
  store<u64>(place, clientTag, 8);
  store<u32>(place, ++clock, 40);
  return place;
}

function empty(hand: Hand): void {
  store<u32>(hand, 0, 32);
  store<u32>(hand, Holds.nothing, 44);
}

function forgetAges(): void {
  for (let hand = TABLE; hand < TABLE + <usize>SETS * WAYS * SIZE; hand += SIZE) store<u32>(hand, 0, 40);
  clock = 0;
}
