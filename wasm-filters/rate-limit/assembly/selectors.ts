import { MethodTest, NamedValue, Selector } from "../../gen/rate_limit";
import { Address, BLOCK_WORDS, isInBlock, readClientAddress } from "../../match/assembly/address";
import { accepts } from "../../match/assembly/automaton";
import { matchesPath, pathLength } from "../../match/assembly/path";
import { alloc } from "../../sdk/assembly/arena";
import { findHeader, findNext, Found } from "../../sdk/assembly/header-pairs";
import { literal, sameBytes, Slice } from "../../sdk/assembly/slice";
import { BY_ADDRESS, BY_HEADER, BY_METHOD, BY_PATH, CompiledLimit, DISTINCT, EXACT } from "./compile";

const METHOD = literal(":method");
const PATH = literal(":path");

const LINE: Found = new Found();
const CLIENT: Address = new Address();
let isClientKnown: bool = false;

/** The values of the distinct selectors of the limit that was looked at last, each behind its length. In the arena. */
export const KEY: Slice = new Slice(0, 0);
let room: u32 = 0;

/** Says that another request is looked at from now on; its headers are those of `usePairs`. */
export function beginSelecting(): void {
  isClientKnown = false;
}

/** Whether a limit applies to the request: every one of its selectors matches. `KEY` then tells which counter is meant. */
export function applies(limit: CompiledLimit): bool {
  KEY.len = 0;
  KEY.ptr = 0;
  room = 0;
  const selectors = limit.limit.selectors;
  let block = 0;
  for (let i = 0; i < selectors.length; i++) {
    const selector = unchecked(selectors[i]);
    if (!matches(selector, limit.blocks, block)) return false;
    if (selector.selectorCase == BY_ADDRESS) block += BLOCK_WORDS;
  }
  return true;
}

function matches(selector: Selector, blocks: StaticArray<u64>, block: i32): bool {
  const header = selector.header;
  const query = selector.queryParameter;
  const method = selector.method;
  const path = selector.path;
  switch (selector.selectorCase) {
    case BY_HEADER: return header !== null && matchesHeader(header);
    case BY_METHOD: return method !== null && matchesMethod(method);
    case BY_ADDRESS: return matchesAddress(selector, blocks, block);
    case BY_PATH: {
      const found = findHeader(PATH);
      return path !== null && matchesPath(path, found.ptr, pathLength(found));
    }
    default: return query !== null && matchesQuery(query);
  }
}

/** Whether one of the values of a header matches, or, inverted, whether one does not. */
function matchesHeader(test: NamedValue): bool {
  const found = findHeader(test.name);
  if (found.count == 0) return test.invert;
  LINE.ptr = found.ptr;
  LINE.len = found.len;
  if (test.testCase == DISTINCT) {
    addToKey(LINE.ptr, LINE.len);
    return true;
  }
  if (found.count == 1) return matchesText(test, LINE.ptr, LINE.len);
  do {
    if (matchesText(test, LINE.ptr, LINE.len)) return true;
  } while (findNext(test.name, LINE));
  return false;
}

/** Whether a text, or a part of it between commas (RFC 9110 section 5.3), matches; inverted, whether the text does not. */
function matchesText(test: NamedValue, ptr: usize, len: u32): bool {
  if (test.invert) return !isMatch(test, ptr, len);
  return isMatch(test, ptr, len) || matchesPart(test, ptr, len);
}

function isMatch(test: NamedValue, ptr: usize, len: u32): bool {
  if (test.testCase == EXACT) return test.exact.equals(ptr, len);
  const regex = test.regex;
  return regex !== null && accepts(regex, ptr, len);
}

function matchesPart(test: NamedValue, ptr: usize, len: u32): bool {
  const end = ptr + len;
  for (let start = ptr; start <= end; ) {
    let stop = start;
    while (stop < end && load<u8>(stop) != 44) stop++;
    if (start == ptr && stop == end) return false;
    const next = stop + 1;
    while (start < stop && isBlank(load<u8>(start))) start++;
    while (start < stop && isBlank(load<u8>(stop - 1))) stop--;
    if (isMatch(test, start, <u32>(stop - start))) return true;
    start = next;
  }
  return false;
}

@inline function isBlank(c: u8): bool { return c == 32 || c == 9; }

function matchesMethod(test: MethodTest): bool {
  const found = findHeader(METHOD);
  for (let i = 0; i < test.methods.length; i++) {
    if (unchecked(test.methods[i]).equals(found.ptr, found.len)) return !test.invert;
  }
  return test.invert;
}

/** An address that cannot be told matches; all that cannot have one counter. */
function matchesAddress(selector: Selector, blocks: StaticArray<u64>, block: i32): bool {
  const test = selector.address;
  if (test === null) return false;
  if (!isClientKnown) readClientAddress(CLIENT);
  isClientKnown = true;
  if (CLIENT.family != 0 && isInBlock(blocks, block, CLIENT) == test.invert) return false;
  if (test.distinct) {
    const at = alloc(24);
    store<u64>(at, CLIENT.family);
    store<u64>(at, CLIENT.family == 0 ? 0 : CLIENT.high, 8);
    store<u64>(at, CLIENT.family == 0 ? 0 : CLIENT.low, 16);
    addToKey(at, 24);
  }
  return true;
}

/** Whether one of the values of a query parameter matches, or, inverted, whether one does not. */
function matchesQuery(test: NamedValue): bool {
  const found = findHeader(PATH);
  const end = found.ptr + found.len;
  let start = found.ptr + pathLength(found) + 1;
  let isThere = false;
  while (start < end) {
    let stop = start;
    while (stop < end && load<u8>(stop) != 38) stop++;
    let equals = start;
    while (equals < stop && load<u8>(equals) != 61) equals++;
    if (isNamed(test.name, start, equals)) {
      isThere = true;
      const value = equals < stop ? equals + 1 : stop;
      const at = alloc(stop - value);
      const len = decode(value, stop, at);
      if (test.testCase == DISTINCT) {
        addToKey(at, len);
        return true;
      }
      if (isMatch(test, at, len) != test.invert) return true;
    }
    start = stop + 1;
  }
  return !isThere && test.invert;
}

function isNamed(name: Slice, start: usize, stop: usize): bool {
  if (stop - start == name.len && sameBytes(start, name.ptr, name.len)) return true;
  // A name may be percent-encoded, too; it has then more bytes than the one it stands for.
  if (stop - start <= name.len) return false;
  const at = alloc(stop - start);
  return name.equals(at, decode(start, stop, at));
}

/** Writes text without percent-encoding (RFC 3986 section 2.1); returns its length. What is no encoding stays as it is. */
function decode(from: usize, end: usize, to: usize): u32 {
  const start = to;
  while (from < end) {
    const c = load<u8>(from);
    const high = c == 37 && end - from > 2 ? hexValue(load<u8>(from, 1)) : 16;
    const low = high < 16 ? hexValue(load<u8>(from, 2)) : 16;
    store<u8>(to++, low < 16 ? <u8>((high << 4) | low) : c);
    from += low < 16 ? 3 : 1;
  }
  return <u32>(to - start);
}

function hexValue(c: u32): u32 {
  if (c - 48 < 10) return c - 48;
  const letter = (c | 32) - 97;
  return letter < 6 ? letter + 10 : 16;
}

function addToKey(ptr: usize, len: u32): void {
  const size = KEY.len + 4 + len;
  if (size > room) {
    room = size * 2;
    const moved = alloc(room);
    memory.copy(moved, KEY.ptr, KEY.len);
    KEY.ptr = moved;
  }
  store<u32>(KEY.ptr + KEY.len, len);
  memory.copy(KEY.ptr + KEY.len + 4, ptr, len);
  KEY.len = size;
}
