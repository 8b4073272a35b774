// Writes fields of protobuf messages, each at an address, and returns where the next one goes. Field numbers are below 16.
// https://protobuf.dev/programming-guides/encoding/

/** Room that a field needs beside its bytes, at most. */
export const FIELD_ROOM: usize = 11;

export function putBytesField(to: usize, number: u32, from: usize, len: u32): usize {
  store<u8>(to++, <u8>((number << 3) | 2));
  to = putVarint(to, len);
  memory.copy(to, from, len);
  return to + len;
}

/** A field of an integer type or an enum; a zero is written, too. */
export function putVarintField(to: usize, number: u32, value: u64): usize {
  store<u8>(to++, <u8>(number << 3));
  return putVarint(to, value);
}

function putVarint(to: usize, value: u64): usize {
  for (; value > 127; value >>= 7) store<u8>(to++, <u8>(value | 128));
  store<u8>(to++, <u8>value);
  return to;
}
