import { alloc } from "./arena";
import { sameBytes, Slice } from "./slice";
import { isUtf8, putUtf8 } from "./utf8";

/** Objects and arrays within each other beyond this depth are refused. */
const DEEPEST: u32 = 32;

/** What a value is. 0 stands for no value: absent, or named twice. */
export namespace JsonKind {
  export const none: u32 = 0;
  export const object: u32 = 1;
  export const array: u32 = 2;
  export const text: u32 = 3;
  export const number: u32 = 4;
  export const yes: u32 = 5;
  export const no: u32 = 6;
  export const nothing: u32 = 7;
}

// A parsed text is a tape of values in the order in which they stand. Each has four words: its kind, where its text begins
// and how long it is (a string without its quotes), and where on the tape the value after it begins. The members of an
// object are its keys and values in turn.
const WORDS: usize = 16;

let cursor: usize = 0;
let limit: usize = 0;
let tape: usize = 0;
let length: u32 = 0;

/** A value on the tape; 0 is none. */
export type Json = usize;

/**
 * Parses a whole JSON text (RFC 8259) in well-formed UTF-8; 0 when it is none. Total: whatever the bytes are, it neither
 * traps nor reads outside them. The result stays until the callback ends.
 */
export function parseJson(ptr: usize, n: u32): Json {
  if (n == 0 || !isUtf8(ptr, n)) return 0;
  cursor = ptr;
  limit = ptr + n;
  // Every value takes a character at least.
  tape = alloc((<usize>n + 1) * WORDS);
  length = 0;
  space();
  const root = at(0);
  if (!value(0)) return 0;
  space();
  return cursor == limit ? root : 0;
}

export function kindOf(json: Json): u32 {
  return json == 0 ? JsonKind.none : load<u32>(json);
}

/** Where the text of a value begins; of a string as it is written, escapes and all. */
@inline export function rawPtr(json: Json): usize { return <usize>load<u32>(json, 4); }
@inline export function rawLen(json: Json): u32 { return load<u32>(json, 8); }
@inline function after(json: Json): Json { return <usize>load<u32>(json, 12); }

/** Bytes that a copy of a value takes. */
export function jsonSize(json: Json): usize {
  return after(json) - json + rawLen(json);
}

/** Copies a value, with all that is in it, to where it outlives the callback; gives the copy. `to` is aligned to 8. */
export function copyJson(json: Json, to: usize): Json {
  const values = after(json) - json;
  const text = to + values;
  memory.copy(to, json, values);
  memory.copy(text, rawPtr(json), rawLen(json));
  for (let copied = to; copied < text; copied += WORDS) {
    store<u32>(copied, <u32>(text + (rawPtr(copied) - rawPtr(json))), 4);
    store<u32>(copied, <u32>(to + (after(copied) - json)), 12);
  }
  return to;
}

/** The member of an object under a name; 0 when there is none, or more than one: what is named twice decides nothing. */
export function member(object: Json, name: Slice): Json {
  if (kindOf(object) != JsonKind.object) return 0;
  let found: Json = 0;
  const end = after(object);
  for (let key: Json = object + WORDS; key != end; ) {
    const val = after(key);
    if (textEquals(key, name.ptr, name.len)) {
      if (found != 0) return 0;
      found = val;
    }
    key = after(val);
  }
  return found;
}

/** How many members of an object have a name. */
export function countMembers(object: Json, name: Slice): u32 {
  if (kindOf(object) != JsonKind.object) return 0;
  let count: u32 = 0;
  const end = after(object);
  for (let key: Json = object + WORDS; key != end; key = after(after(key))) if (textEquals(key, name.ptr, name.len)) count++;
  return count;
}

/** The first key of an object, a string, or 0. */
export function firstKey(object: Json): Json {
  if (kindOf(object) != JsonKind.object) return 0;
  return object + WORDS == after(object) ? 0 : object + WORDS;
}

/** The key after another of the same object, or 0. */
export function nextKey(object: Json, key: Json): Json {
  const next = after(after(key));
  return next == after(object) ? 0 : next;
}

/** The value that stands under a key. */
export function valueUnder(key: Json): Json {
  return after(key);
}

/** The first element of an array, or 0. */
export function firstElement(array: Json): Json {
  if (kindOf(array) != JsonKind.array) return 0;
  return array + WORDS == after(array) ? 0 : array + WORDS;
}

/** The element after another of the same array, or 0. */
export function nextElement(array: Json, element: Json): Json {
  const next = after(element);
  return next == after(array) ? 0 : next;
}

/** Whether a value is a string that stands for these bytes. */
export function textEquals(json: Json, ptr: usize, n: u32): bool {
  // As it is written a text is as long as what it stands for, or longer where it has escapes.
  if (kindOf(json) != JsonKind.text || rawLen(json) < n) return false;
  const first = n == 0 ? 92 : load<u8>(rawPtr(json));
  if (first != 92 && first != load<u8>(ptr)) return false;
  const text = textOf(json);
  return text.len == n && sameBytes(text.ptr, ptr, n);
}

/** One for all calls: no request makes garbage. */
const TEXT: Slice = new Slice(0, 0);

/** What a string stands for, escapes undone. The slice is valid until the next call, its bytes until the callback ends. */
export function textOf(json: Json): Slice {
  TEXT.ptr = rawPtr(json);
  TEXT.len = rawLen(json);
  const end = TEXT.ptr + TEXT.len;
  for (let p = TEXT.ptr; p < end; p++) {
    if (load<u8>(p) == 92) {
      unescape();
      break;
    }
  }
  return TEXT;
}

/** Undoes the escapes of the string in `TEXT`, whose form has been checked. */
function unescape(): void {
  const end = TEXT.ptr + TEXT.len;
  const start = alloc(TEXT.len);
  let to = start;
  for (let p = TEXT.ptr; p < end; ) {
    const c = load<u8>(p++);
    if (c != 92) {
      store<u8>(to++, c);
      continue;
    }
    const e = load<u8>(p++);
    if (e == 117) {
      let code = hex4(p);
      p += 4;
      if ((code & 0xfc00) == 0xd800) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (hex4(p + 2) & 0x3ff);
        p += 6;
      }
      to = putUtf8(to, code);
    } else {
      store<u8>(to++, plain(e));
    }
  }
  TEXT.ptr = start;
  TEXT.len = <u32>(to - start);
}

/** What a one-letter escape stands for, 0 for none that exists. */
function plain(e: u8): u8 {
  switch (e) {
    case 34: case 47: case 92: return e;
    case 98: return 8;
    case 102: return 12;
    case 110: return 10;
    case 114: return 13;
    case 116: return 9;
    default: return 0;
  }
}

/** The value of a number, or NaN for anything else. */
export function numberOf(json: Json): f64 {
  if (kindOf(json) != JsonKind.number) return NaN;
  let p = rawPtr(json);
  const end = p + rawLen(json);
  const negative = load<u8>(p) == 45;
  if (negative) p++;
  let v: f64 = 0;
  while (p < end && isDigit(load<u8>(p))) v = v * 10 + <f64>(load<u8>(p++) - 48);
  if (p < end && load<u8>(p) == 46) {
    p++;
    let unit: f64 = 0.1;
    for (; p < end && isDigit(load<u8>(p)); unit /= 10) v += unit * <f64>(load<u8>(p++) - 48);
  }
  if (p < end) {
    p++;
    const down = load<u8>(p) == 45;
    if (down || load<u8>(p) == 43) p++;
    let e: u32 = 0;
    while (p < end) e = min<u32>(e * 10 + (load<u8>(p++) - 48), 400);
    for (; e > 0; e--) v = down ? v / 10 : v * 10;
  }
  return negative ? -v : v;
}

@inline function at(index: u32): Json { return tape + <usize>index * WORDS; }
@inline function isDigit(c: u8): bool { return c - 48 < 10; }

function space(): void {
  while (cursor < limit) {
    const c = load<u8>(cursor);
    if (c != 32 && c != 9 && c != 10 && c != 13) return;
    cursor++;
  }
}

/** Takes the next character if it is `c`. */
function take(c: u8): bool {
  if (cursor >= limit || load<u8>(cursor) != c) return false;
  cursor++;
  return true;
}

function close(index: u32, kind: u32, start: usize, end: usize): bool {
  const json = at(index);
  store<u32>(json, kind);
  store<u32>(json, <u32>start, 4);
  store<u32>(json, <u32>(end - start), 8);
  store<u32>(json, <u32>at(length), 12);
  return true;
}

function value(depth: u32): bool {
  if (cursor >= limit || depth > DEEPEST) return false;
  const index = length++;
  const start = cursor;
  const c = load<u8>(cursor);
  if (c == 34) return string(index);
  if (c == 123) return object(index, depth);
  if (c == 91) return array(index, depth);
  if (c == 116) return word(4, 0x65757274) && close(index, JsonKind.yes, start, cursor);
  if (c == 110) return word(4, 0x6c6c756e) && close(index, JsonKind.nothing, start, cursor);
  if (c == 102) {
    cursor++;
    return word(4, 0x65736c61) && close(index, JsonKind.no, start, cursor);
  }
  return digits() && close(index, JsonKind.number, start, cursor);
}

/** Takes four letters, given as they lie in memory. */
function word(n: usize, letters: u32): bool {
  if (limit - cursor < n || load<u32>(cursor) != letters) return false;
  cursor += n;
  return true;
}

function digits(): bool {
  take(45);
  if (cursor >= limit || !isDigit(load<u8>(cursor))) return false;
  if (load<u8>(cursor) == 48) cursor++;
  else run();
  if (take(46) && run() == 0) return false;
  if (cursor < limit && (load<u8>(cursor) | 32) == 101) {
    cursor++;
    if (!take(43)) take(45);
    if (run() == 0) return false;
  }
  return true;
}

/** Takes digits; returns how many. */
function run(): u32 {
  let n: u32 = 0;
  for (; cursor < limit && isDigit(load<u8>(cursor)); n++) cursor++;
  return n;
}

function string(index: u32): bool {
  if (!take(34)) return false;
  const start = cursor;
  while (cursor < limit) {
    const c = load<u8>(cursor);
    if (c == 34) {
      cursor++;
      return close(index, JsonKind.text, start, cursor - 1);
    }
    if (c < 32) return false;
    cursor++;
    if (c == 92 && !escape()) return false;
  }
  return false;
}

/** Takes what follows a backslash. A surrogate must be followed by its other half. */
function escape(): bool {
  if (cursor >= limit) return false;
  const e = load<u8>(cursor++);
  if (e != 117) return plain(e) != 0;
  if (limit - cursor < 4) return false;
  const code = hex4(cursor);
  cursor += 4;
  if (code > 0xffff || (code & 0xfc00) == 0xdc00) return false;
  if ((code & 0xfc00) != 0xd800) return true;
  if (limit - cursor < 6 || load<u8>(cursor) != 92 || load<u8>(cursor, 1) != 117) return false;
  const low = hex4(cursor + 2);
  cursor += 6;
  return low <= 0xffff && (low & 0xfc00) == 0xdc00;
}

/** The value of four hexadecimal digits; more than 0xffff when they are none. */
function hex4(p: usize): u32 {
  let v: u32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const c = <u32>load<u8>(p + i);
    const d = c - 48;
    const l = (c | 32) - 97;
    if (d < 10) v = (v << 4) | d;
    else if (l < 6) v = (v << 4) | (l + 10);
    else return 0x10000;
  }
  return v;
}

function array(index: u32, depth: u32): bool {
  const start = cursor++;
  space();
  if (take(93)) return close(index, JsonKind.array, start, cursor);
  do {
    space();
    if (!value(depth + 1)) return false;
    space();
    if (take(93)) return close(index, JsonKind.array, start, cursor);
  } while (take(44));
  return false;
}

function object(index: u32, depth: u32): bool {
  const start = cursor++;
  space();
  if (take(125)) return close(index, JsonKind.object, start, cursor);
  do {
    space();
    if (!string(length++)) return false;
    space();
    if (!take(58)) return false;
    space();
    if (!value(depth + 1)) return false;
    space();
    if (take(125)) return close(index, JsonKind.object, start, cursor);
  } while (take(44));
  return false;
}
