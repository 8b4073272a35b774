/** Value of each character of base64url (RFC 4648 section 5), 255 for any other. */
const VALUES: usize = memory.data(256, 8);

memory.fill(VALUES, 255, 256);
for (let i: u32 = 0; i < 26; i++) {
  store<u8>(VALUES + 65 + i, <u8>i);
  store<u8>(VALUES + 97 + i, <u8>(26 + i));
}
for (let i: u32 = 0; i < 10; i++) store<u8>(VALUES + 48 + i, <u8>(52 + i));
store<u8>(VALUES + 45, 62);
store<u8>(VALUES + 95, 63);

/** Room that decoding `n` characters needs. */
@inline export function decodedSize(n: u32): u32 {
  return ((n >> 2) * 3) + 3;
}

/**
 * Decodes base64url without padding to `to`; returns the number of bytes, or -1. Strict: no other character, no padding,
 * and the unused bits of the last character are zero, so that no two texts stand for the same bytes (RFC 7515 section 2).
 */
export function decodeBase64Url(from: usize, n: u32, to: usize): i32 {
  const start = to;
  const tail = n & 3;
  if (tail == 1) return -1;
  const end = from + (n - tail);
  for (; from < end; from += 4) {
    const a = <u32>load<u8>(VALUES + load<u8>(from));
    const b = <u32>load<u8>(VALUES + load<u8>(from, 1));
    const c = <u32>load<u8>(VALUES + load<u8>(from, 2));
    const d = <u32>load<u8>(VALUES + load<u8>(from, 3));
    if ((a | b | c | d) > 63) return -1;
    const v = (a << 18) | (b << 12) | (c << 6) | d;
    store<u8>(to, <u8>(v >> 16));
    store<u8>(to, <u8>(v >> 8), 1);
    store<u8>(to, <u8>v, 2);
    to += 3;
  }
  if (tail != 0) {
    const a = <u32>load<u8>(VALUES + load<u8>(from));
    const b = <u32>load<u8>(VALUES + load<u8>(from, 1));
    const c = tail == 3 ? <u32>load<u8>(VALUES + load<u8>(from, 2)) : 0;
    if ((a | b | c) > 63) return -1;
    store<u8>(to, <u8>((a << 2) | (b >> 4)));
    to += 1;
    if (tail == 3) {
      if ((c & 3) != 0) return -1;
      store<u8>(to, <u8>((b << 4) | (c >> 2)));
      to += 1;
    } else if ((b & 15) != 0) {
      return -1;
    }
  }
  return <i32>(to - start);
}

const ALPHABET: usize = memory.data(64, 8);
for (let i: u32 = 0; i < 256; i++) {
  const v = load<u8>(VALUES + i);
  if (v < 64) store<u8>(ALPHABET + v, <u8>i);
}

/** Encodes to base64url without padding; returns where the next byte goes. Needs 4 bytes for every 3. */
export function encodeBase64Url(from: usize, n: u32, to: usize): usize {
  for (; n >= 3; n -= 3, from += 3) {
    const v = (<u32>load<u8>(from) << 16) | (<u32>load<u8>(from, 1) << 8) | <u32>load<u8>(from, 2);
    for (let shift: i32 = 18; shift >= 0; shift -= 6) store<u8>(to++, load<u8>(ALPHABET + ((v >> shift) & 63)));
  }
  if (n == 0) return to;
  const v = (<u32>load<u8>(from) << 16) | (n == 2 ? <u32>load<u8>(from, 1) << 8 : 0);
  const last: i32 = n == 2 ? 6 : 12;
  for (let shift: i32 = 18; shift >= last; shift -= 6) store<u8>(to++, load<u8>(ALPHABET + ((v >> shift) & 63)));
  return to;
}
