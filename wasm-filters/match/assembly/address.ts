import { AddressBlock } from "../../gen/match";
import { getProperty, resultLen, resultPtr } from "../../sdk/assembly/host";
import { literal } from "../../sdk/assembly/slice";

const SOURCE_ADDRESS = literal("source\0address");

/** An address: bytes in order, an IPv4 address as the last four of an IPv6 one that is mapped from it. */
@final
export class Address {
  /** 4 or 6; 0 for none. */
  family: u32 = 0;
  high: u64 = 0;
  low: u64 = 0;
}

/** Numbers of 64 bits that a block takes. */
export const BLOCK_WORDS: i32 = 5;

/** The address of the client that Envoy has detected, read from the host; of no family when it cannot be told. */
export function readClientAddress(to: Address): void {
  to.family = 0;
  if (getProperty(SOURCE_ADDRESS)) parseSocketAddress(resultPtr(), resultLen(), to);
}

/** Reads "1.2.3.4:80" or "[::1]:80". */
export function parseSocketAddress(ptr: usize, len: u32, to: Address): void {
  to.family = 0;
  let end = ptr + len;
  while (end > ptr && load<u8>(end - 1) != 58) end--;
  if (end-- == ptr) return;
  if (ptr < end && load<u8>(ptr) == 91 && load<u8>(end - 1) == 93) parseIpv6(ptr + 1, end - 1, to);
  else parseIpv4(ptr, end, to);
}

/** Writes a block in the form for `isInBlock`; false when it is none. */
export function writeBlock(block: AddressBlock, to: StaticArray<u64>, at: i32): bool {
  const bytes = block.network;
  const isIpv4 = bytes.len == 4;
  if ((!isIpv4 && bytes.len != 16) || block.prefixLength > bytes.len * 8) return false;
  const prefix = isIpv4 ? block.prefixLength + 96 : block.prefixLength;
  const high: u64 = isIpv4 ? 0 : bswap<u64>(load<u64>(bytes.ptr));
  const low: u64 = isIpv4 ? 0xffff00000000 | <u64>bswap<u32>(load<u32>(bytes.ptr)) : bswap<u64>(load<u64>(bytes.ptr, 8));
  const highMask: u64 = prefix == 0 ? 0 : prefix >= 64 ? u64.MAX_VALUE : u64.MAX_VALUE << <u64>(64 - prefix);
  const lowMask: u64 = prefix <= 64 ? 0 : prefix == 128 ? u64.MAX_VALUE : u64.MAX_VALUE << <u64>(128 - prefix);
  to[at] = isIpv4 ? 4 : 6;
  to[at + 1] = high & highMask;
  to[at + 2] = low & lowMask;
  to[at + 3] = highMask;
  to[at + 4] = lowMask;
  return true;
}

/** Whether an address is in the block that `writeBlock` wrote; one of another family never is. */
export function isInBlock(blocks: StaticArray<u64>, at: i32, address: Address): bool {
  return (
    unchecked(blocks[at]) == <u64>address.family &&
    (address.high & unchecked(blocks[at + 3])) == unchecked(blocks[at + 1]) &&
    (address.low & unchecked(blocks[at + 4])) == unchecked(blocks[at + 2])
  );
}

function parseIpv4(ptr: usize, end: usize, to: Address): void {
  const value = ipv4At(ptr, end);
  if (value >= 0) setIpv4(<u64>value, to);
}

function setIpv4(value: u64, to: Address): void {
  to.family = 4;
  to.high = 0;
  to.low = 0xffff00000000 | value;
}

/** The value of four decimal numbers, or -1. */
function ipv4At(ptr: usize, end: usize): i64 {
  let value: i64 = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (ptr >= end || load<u8>(ptr++) != 46)) return -1;
    let number: u32 = 0;
    let digits = 0;
    for (; ptr < end && load<u8>(ptr) - 48 < 10; ptr++, digits++) number = number * 10 + (load<u8>(ptr) - 48);
    if (digits == 0 || digits > 3 || number > 255) return -1;
    value = (value << 8) | number;
  }
  return ptr == end ? value : -1;
}

/** Reads RFC 4291 section 2.2, without a zone. */
function parseIpv6(ptr: usize, end: usize, to: Address): void {
  let high: u64 = 0;
  let low: u64 = 0;
  let count: u32 = 0;
  // How many groups stand before "::"; 8 without one.
  let gap: u32 = 8;
  while (ptr < end) {
    if (load<u8>(ptr) == 58) {
      if (end - ptr < 2 || load<u8>(ptr, 1) != 58) return;
      if (gap < 8) return;
      gap = count;
      ptr += 2;
      continue;
    }
    let stop = ptr;
    let isDotted = false;
    while (stop < end && load<u8>(stop) != 58) if (load<u8>(stop++) == 46) isDotted = true;
    let bits: u64 = 16;
    let value: i64 = isDotted ? ipv4At(ptr, end) : groupAt(ptr, stop);
    if (isDotted) {
      bits = 32;
      stop = end;
    }
    if (value < 0 || count + <u32>(bits >> 4) > 8) return;
    high = (high << bits) | (low >> (64 - bits));
    low = (low << bits) | <u64>value;
    count += <u32>(bits >> 4);
    ptr = stop;
    // A colon between groups must be followed by a group, or be the begin of "::".
    if (ptr < end && end - ptr >= 2 && load<u8>(ptr, 1) != 58) ptr++;
    else if (ptr < end && end - ptr == 1) return;
  }
  if (gap == 8 ? count != 8 : count > 7) return;
  spread(high, low, count, gap, to);
}

/** The value of one to four hexadecimal digits, or -1. */
function groupAt(ptr: usize, end: usize): i64 {
  if (end == ptr || end - ptr > 4) return -1;
  let value: i64 = 0;
  for (; ptr < end; ptr++) {
    const c = <u32>load<u8>(ptr);
    const digit = c - 48 < 10 ? c - 48 : (c | 32) - 97 < 6 ? (c | 32) - 87 : 16;
    if (digit == 16) return -1;
    value = (value << 4) | digit;
  }
  return value;
}

/** Puts zeros where "::" stands: behind `gap` of `count` groups. */
function spread(high: u64, low: u64, count: u32, gap: u32, to: Address): void {
  if (gap == 8) gap = count;
  const behind = (count - gap) * 16;
  const zeros = (8 - count) * 16;
  // The groups are at the low end; those before the gap go up by the zeros.
  const lowTail: u64 = behind >= 64 ? low : low & ((<u64>1 << <u64>behind) - 1);
  const highTail: u64 = behind <= 64 ? 0 : high & ((<u64>1 << <u64>(behind - 64)) - 1);
  let lowHead = low ^ lowTail;
  let highHead = high ^ highTail;
  if (zeros >= 128) {
    lowHead = 0;
    highHead = 0;
  } else if (zeros >= 64) {
    highHead = lowHead << <u64>(zeros - 64);
    lowHead = 0;
  } else if (zeros > 0) {
    highHead = (highHead << <u64>zeros) | (lowHead >> <u64>(64 - zeros));
    lowHead <<= <u64>zeros;
  }
  to.high = highHead | highTail;
  to.low = lowHead | lowTail;
  to.family = 6;
  if (to.high == 0 && to.low >> 32 == 0xffff) to.family = 4;
}
