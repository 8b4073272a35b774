import { claimAt } from "../../jwt/assembly/claims";
import { Address, BLOCK_WORDS, isInBlock, readClientAddress } from "../../match/assembly/address";
import { matchesPath, pathLength } from "../../match/assembly/path";
import { alloc } from "../../sdk/assembly/arena";
import { hashOf } from "../../sdk/assembly/hash";
import { findHeader, findNext, Found } from "../../sdk/assembly/header-pairs";
import { firstElement, Json, JsonKind, kindOf, member, nextElement, textEquals, textOf } from "../../sdk/assembly/json";
import { literal, sameBytes, Slice } from "../../sdk/assembly/slice";
import { Compares, CompiledAuthorization, CONDITION_WORDS, HINT_CLAIM, RULE_WORDS, VALUE_WORDS } from "./compile";

const PATH = literal(":path");
const SCOPE = literal("scope");
const SCP = literal("scp");

// What rules ask of a request is found out once, when the first of them asks. A header or a claim that was looked up stands
// in the arena as [state][pointer][length][count of a header, value of a claim][hash].
const SUBJECT_SIZE: usize = 24;
const UNKNOWN: u32 = 0;
/** It has one text, which is there with its hash. */
const TEXT: u32 = 1;
const OTHER: u32 = 2;

let rules: CompiledAuthorization = new CompiledAuthorization();
let headers: usize = 0;
let claims: usize = 0;
let payload: Json = 0;
let provider: Slice = Slice.EMPTY;
let providerHash: u64 = 0;
let pathPtr: usize = 0;
let pathLen: u32 = 0;
let isClientKnown: bool = false;
const CLIENT: Address = new Address();
const LINE: Found = new Found();

/**
 * Whether a request is allowed: the first rule that matches decides, else the default. `acceptedBy` is the name of the JWT
 * provider that accepted a token, empty when none did; `token` is the payload of the token, or 0.
 */
export function isAllowed(compiled: CompiledAuthorization, acceptedBy: Slice, token: Json): bool {
  begin(compiled, acceptedBy, token);
  for (let at = 0, i = 0; at < compiled.rules.length; at += RULE_WORDS, i++) {
    const hint = unchecked(compiled.rules[at + 1]);
    if (hint != 0 && !mayMatch(hint, unchecked(compiled.hashes[i]))) continue;
    const denies = unchecked(compiled.rules[at]) != 0;
    if (matches(<i32>unchecked(compiled.rules[at + 2]), <i32>unchecked(compiled.rules[at + 3]), denies)) return !denies;
  }
  return compiled.allowsByDefault;
}

function begin(compiled: CompiledAuthorization, acceptedBy: Slice, token: Json): void {
  rules = compiled;
  payload = token;
  provider = acceptedBy;
  providerHash = hashOf(acceptedBy.ptr, acceptedBy.len);
  headers = unknownSubjects(compiled.headers.length);
  claims = unknownSubjects(compiled.claims.length);
  pathPtr = 0;
  isClientKnown = false;
}

function unknownSubjects(count: i32): usize {
  const size = <usize>count * SUBJECT_SIZE;
  const at = alloc(size);
  memory.fill(at, 0, size);
  return at;
}

/** Whether the header or claim of a hint may have the text of this hash. */
@inline function mayMatch(hint: u32, hash: u64): bool {
  if ((hint & HINT_CLAIM) != 0) {
    const claim = lookUpClaim((hint & ~HINT_CLAIM) - 1);
    return load<u32>(claim) == TEXT && load<u64>(claim, 16) == hash;
  }
  const at = headers + <usize>(hint - 1) * SUBJECT_SIZE;
  if (load<u32>(at) == UNKNOWN) lookUpHeader(at, hint - 1);
  return load<u32>(at) == TEXT ? load<u64>(at, 16) == hash : load<u32>(at, 12) != 0;
}

function matches(first: i32, end: i32, denies: bool): bool {
  for (let i = first; i < end; i++) if (!isMet(i * CONDITION_WORDS, denies)) return false;
  return true;
}

function isMet(at: i32, denies: bool): bool {
  const subject = unchecked(rules.conditions[at + 1]);
  const first = <i32>unchecked(rules.conditions[at + 2]);
  const end = <i32>unchecked(rules.conditions[at + 3]);
  switch (unchecked(rules.conditions[at])) {
    case Compares.header: return isHeader(subject, first, end, denies);
    // No provider has accepted where there is no token, not even one without a name.
    case Compares.provider: return payload != 0 && isOneOf(first, end, providerHash, provider.ptr, provider.len);
    case Compares.claim: return isClaim(subject, first, end);
    case Compares.claimElement: return hasElement(subject, first, end);
    case Compares.scope: return hasScope(first);
    case Compares.path: return isPath(first);
    case Compares.client: return isClient(first, end, denies);
    default: return false;
  }
}

/** Whether a text is among values. */
function isOneOf(first: i32, end: i32, hash: u64, ptr: usize, len: u32): bool {
  for (let i = first * VALUE_WORDS; i < end * VALUE_WORDS; i += VALUE_WORDS) {
    if (unchecked(rules.values[i]) != hash) continue;
    const value = unchecked(rules.values[i + 1]);
    if (<u32>(value >> 32) == len && sameBytes(<usize>(<u32>value), ptr, len)) return true;
  }
  return false;
}

function isHeader(subject: u32, first: i32, end: i32, denies: bool): bool {
  const at = headers + <usize>subject * SUBJECT_SIZE;
  if (load<u32>(at) == UNKNOWN) lookUpHeader(at, subject);
  if (load<u32>(at) == TEXT) {
    if (isOneOf(first, end, load<u64>(at, 16), load<u32>(at, 4), load<u32>(at, 8))) return true;
    return denies && hasPart(first, end, load<u32>(at, 4), load<u32>(at, 8));
  }
  return load<u32>(at, 12) != 0 && isEveryLine(unchecked(rules.headers[subject]), first, end, denies);
}

function lookUpHeader(at: usize, subject: u32): void {
  const found = findHeader(unchecked(rules.headers[subject]));
  store<u32>(at, found.count == 1 ? TEXT : OTHER);
  store<u32>(at, <u32>found.ptr, 4);
  store<u32>(at, found.len, 8);
  store<u32>(at, found.count, 12);
  if (found.count == 1) store<u64>(at, hashOf(found.ptr, found.len), 16);
}

/** Of a header that stands there more than once: for a rule that denies one value is enough, else it takes all. */
function isEveryLine(name: Slice, first: i32, end: i32, denies: bool): bool {
  const found = findHeader(name);
  LINE.ptr = found.ptr;
  LINE.len = found.len;
  do {
    const isThere = isOneOf(first, end, hashOf(LINE.ptr, LINE.len), LINE.ptr, LINE.len) ||
      (denies && hasPart(first, end, LINE.ptr, LINE.len));
    if (isThere == denies) return denies;
  } while (findNext(name, LINE));
  return !denies;
}

/** Whether a part of a text, between commas and without the spaces around it, is among values. */
function hasPart(first: i32, end: i32, ptr: usize, len: u32): bool {
  const stop = ptr + len;
  for (let start = ptr; start <= stop; ) {
    let next = start;
    while (next < stop && load<u8>(next) != 44) next++;
    if (start == ptr && next == stop) return false;
    let last = next;
    while (start < last && isBlank(load<u8>(start))) start++;
    while (start < last && isBlank(load<u8>(last - 1))) last--;
    const size = <u32>(last - start);
    if (isOneOf(first, end, hashOf(start, size), start, size)) return true;
    start = next + 1;
  }
  return false;
}

@inline function isBlank(c: u8): bool { return c == 32 || c == 9; }

function isClaim(subject: u32, first: i32, end: i32): bool {
  const at = lookUpClaim(subject);
  return load<u32>(at) == TEXT && isOneOf(first, end, load<u64>(at, 16), load<u32>(at, 4), load<u32>(at, 8));
}

function hasElement(subject: u32, first: i32, end: i32): bool {
  const claim: Json = load<u32>(lookUpClaim(subject), 12);
  for (let one = firstElement(claim); one != 0; one = nextElement(claim, one)) {
    if (kindOf(one) != JsonKind.text) continue;
    const text = textOf(one);
    if (isOneOf(first, end, hashOf(text.ptr, text.len), text.ptr, text.len)) return true;
  }
  return false;
}

function lookUpClaim(subject: u32): usize {
  const at = claims + <usize>subject * SUBJECT_SIZE;
  if (load<u32>(at) != UNKNOWN) return at;
  const claim = claimAt(payload, unchecked(rules.claims[subject]));
  store<u32>(at, OTHER);
  store<u32>(at, <u32>claim, 12);
  if (kindOf(claim) == JsonKind.text) {
    const text = textOf(claim);
    store<u32>(at, TEXT);
    store<u32>(at, <u32>text.ptr, 4);
    store<u32>(at, text.len, 8);
    store<u64>(at, hashOf(text.ptr, text.len), 16);
  }
  return at;
}

/** Whether a scope is among the words of `scope` (RFC 8693 section 4.2), or an element of it or of `scp`. */
function hasScope(first: i32): bool {
  const value = unchecked(rules.values[first * VALUE_WORDS + 1]);
  const ptr = <usize>(<u32>value);
  const len = <u32>(value >> 32);
  return containsScope(member(payload, SCOPE), ptr, len) || containsScope(member(payload, SCP), ptr, len);
}

function containsScope(scopes: Json, ptr: usize, len: u32): bool {
  if (kindOf(scopes) == JsonKind.text) return hasWord(textOf(scopes), ptr, len);
  for (let one = firstElement(scopes); one != 0; one = nextElement(scopes, one)) if (textEquals(one, ptr, len)) return true;
  return false;
}

function hasWord(text: Slice, ptr: usize, len: u32): bool {
  const end = text.ptr + text.len;
  let start = text.ptr;
  while (start < end) {
    let stop = start;
    while (stop < end && load<u8>(stop) != 32) stop++;
    if (stop - start == len && sameBytes(start, ptr, len)) return true;
    start = stop + 1;
  }
  return false;
}

function isPath(number: i32): bool {
  if (pathPtr == 0) {
    const found = findHeader(PATH);
    pathPtr = found.ptr;
    pathLen = pathLength(found);
  }
  return matchesPath(unchecked(rules.paths[number]), pathPtr, pathLen);
}

/** An address that cannot be told is one of those that are denied, and none of those that are allowed. */
function isClient(first: i32, end: i32, denies: bool): bool {
  if (!isClientKnown) readClientAddress(CLIENT);
  isClientKnown = true;
  if (CLIENT.family == 0) return denies;
  for (let i = first; i < end; i++) if (isInBlock(rules.blocks, i * BLOCK_WORDS, CLIENT)) return true;
  return false;
}
