import { alloc } from "./arena";
import { areHeadersChanged, getRequestHeaders, resultLen, resultPtr } from "./host";
import { sameBytes, Slice } from "./slice";

/**
 * Headers as the host hands them over (proxy-wasm ABI, header map): how many, then the lengths of each name and value, then
 * names and values, each closed by NUL. Names are lower case.
 */
let pairs: usize = 0;
let size: u32 = 0;

/** Takes the pairs to look in; they stay until the callback ends. */
export function usePairs(ptr: usize, len: u32): void {
  pairs = ptr;
  size = len < 4 ? 0 : load<u32>(ptr);
}

/** The pairs that are looked in, for `lookAgainIn`. */
export function pairsInUse(): usize {
  return pairs;
}

/** Looks in pairs again that were in use before, in the same callback. */
export function lookAgainIn(ptr: usize): void {
  pairs = ptr;
  size = load<u32>(ptr);
}

let nextAdded: u32 = 0;
let nextData: usize = 0;

/** Looks in a copy of the pairs from now on, which has room for so many headers more, of so many bytes in all. */
export function copyPairs(more: u32, bytes: usize): void {
  const data = pairs + 4 + (<usize>size << 3);
  let end = data;
  for (let i: u32 = 0, lengths = pairs + 4; i < size; i++, lengths += 8) end += load<u32>(lengths) + load<u32>(lengths, 4) + 2;
  const table: usize = 4 + (<usize>(size + more) << 3);
  const copy = alloc(table + (end - data) + bytes + (<usize>more << 1));
  store<u32>(copy, size + more);
  memory.copy(copy + 4, pairs + 4, <usize>size << 3);
  // What is never added has neither a name nor a value.
  memory.fill(copy + 4 + (<usize>size << 3), 0, <usize>more << 3);
  memory.copy(copy + table, data, end - data);
  nextAdded = size;
  nextData = copy + table + (end - data);
  pairs = copy;
  size += more;
}

/** Makes a header, and each of its variants, one that nobody finds in the copy. */
export function hideHeader(name: Slice): void {
  let data = pairs + 4 + (<usize>size << 3);
  for (let i: u32 = 0, lengths = pairs + 4; i < nextAdded; i++, lengths += 8) {
    const nameLen = load<u32>(lengths);
    if (nameLen == name.len && nameLen != 0 && (sameBytes(data, name.ptr, nameLen) || isVariant(data, name.ptr, nameLen))) {
      store<u8>(data, 0);
    }
    data += nameLen + load<u32>(lengths, 4) + 2;
  }
}

/** Adds a header to the copy, which has room for it. */
export function addToCopy(name: Slice, value: Slice): void {
  const lengths = pairs + 4 + (<usize>nextAdded << 3);
  store<u32>(lengths, name.len);
  store<u32>(lengths, value.len, 4);
  nextData = putClosed(putClosed(nextData, name), value);
  nextAdded++;
}

/** Reads the headers of the request, to look in them; false when the host refuses. */
export function readPairs(): bool {
  if (!getRequestHeaders()) return false;
  usePairs(resultPtr(), resultLen());
  return true;
}

/** Reads the headers of the request again if any of them has been written; false when the host refuses. */
export function refreshPairs(): bool {
  return !areHeadersChanged() || readPairs();
}

/** How often a header stands there, and where its first value is. */
export class Found {
  count: u32 = 0;
  ptr: usize = 0;
  len: u32 = 0;
}

const FOUND: Found = new Found();

/** Looks a header up; one that is missing has no bytes. The result is valid until the next call. */
export function findHeader(name: Slice): Found {
  // Where another header was found, of this request or an earlier one, must not be taken for this one's value.
  FOUND.count = 0;
  FOUND.ptr = 0;
  FOUND.len = 0;
  let data = pairs + 4 + (<usize>size << 3);
  for (let i: u32 = 0, lengths = pairs + 4; i < size; i++, lengths += 8) {
    const nameLen = load<u32>(lengths);
    const valueLen = load<u32>(lengths, 4);
    if (nameLen == name.len && sameBytes(data, name.ptr, nameLen)) {
      if (FOUND.count == 0) {
        FOUND.ptr = data + nameLen + 1;
        FOUND.len = valueLen;
      }
      FOUND.count++;
    }
    data += nameLen + valueLen + 2;
  }
  return FOUND;
}

/** Where the value after another of the same header is; false when there is none. `found` begins as `findHeader` left it. */
export function findNext(name: Slice, found: Found): bool {
  let data = pairs + 4 + (<usize>size << 3);
  for (let i: u32 = 0, lengths = pairs + 4; i < size; i++, lengths += 8) {
    const nameLen = load<u32>(lengths);
    const value = data + nameLen + 1;
    if (value > found.ptr && nameLen == name.len && sameBytes(data, name.ptr, nameLen)) {
      found.ptr = value;
      found.len = load<u32>(lengths, 4);
      return true;
    }
    data = value + load<u32>(lengths, 4) + 1;
  }
  return false;
}

/** The header that `findVariant` found; valid until the next call. */
export const VARIANT: Slice = new Slice(0, 0);

/**
 * Looks for a header whose name is this one but for "_" in place of "-", and stands behind an address: to programs that get
 * headers as variables (CGI, RFC 3875 section 4.1.18) both have one name. It then is in `VARIANT`.
 */
export function findVariant(name: Slice, behind: usize): bool {
  let data = pairs + 4 + (<usize>size << 3);
  for (let i: u32 = 0, lengths = pairs + 4; i < size; i++, lengths += 8) {
    const nameLen = load<u32>(lengths);
    if (nameLen == name.len && data > behind && isVariant(data, name.ptr, nameLen)) {
      VARIANT.ptr = data;
      VARIANT.len = nameLen;
      return true;
    }
    data += nameLen + load<u32>(lengths, 4) + 2;
  }
  return false;
}

function isVariant(a: usize, b: usize, n: u32): bool {
  let differs = false;
  for (let i: u32 = 0; i < n; i++) {
    const c = load<u8>(a + i);
    const d = load<u8>(b + i);
    if (c == d) continue;
    if (!((c == 95 && d == 45) || (c == 45 && d == 95))) return false;
    differs = true;
  }
  return differs;
}

/** Room that pairs need. */
export function pairsSize(names: StaticArray<Slice>, values: StaticArray<Slice>): usize {
  let size: usize = 4;
  for (let i = 0; i < names.length; i++) size += 10 + <usize>unchecked(names[i]).len + <usize>unchecked(values[i]).len;
  return size;
}

/** Writes headers as pairs for the host; returns the size. */
export function writePairs(names: StaticArray<Slice>, values: StaticArray<Slice>, to: usize): u32 {
  const count = names.length;
  store<u32>(to, count);
  let p = to + 4 + (<usize>count << 3);
  for (let i = 0; i < count; i++) {
    const name = unchecked(names[i]);
    const value = unchecked(values[i]);
    store<u32>(to + (<usize>i << 3), name.len, 4);
    store<u32>(to + (<usize>i << 3), value.len, 8);
    p = putClosed(p, name);
    p = putClosed(p, value);
  }
  return <u32>(p - to);
}

/** Writes one header as pairs for the host; returns the size. */
export function onePair(name: Slice, value: Slice, to: usize): u32 {
  store<u32>(to, 1);
  store<u32>(to, name.len, 4);
  store<u32>(to, value.len, 8);
  return <u32>(putClosed(putClosed(to + 12, name), value) - to);
}

function putClosed(to: usize, text: Slice): usize {
  memory.copy(to, text.ptr, text.len);
  store<u8>(to + text.len, 0);
  return to + text.len + 1;
}
