/** Whether `n` bytes are well-formed UTF-8 (Unicode 15, table 3-7). */
export function isUtf8(ptr: usize, n: usize): bool {
  const end = ptr + n;
  while (ptr < end) {
    const b = <u32>load<u8>(ptr++);
    if (b < 0x80) continue;
    let need: usize = 0;
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    if (b >= 0xc2 && b <= 0xdf) {
      need = 1;
    } else if (b >= 0xe0 && b <= 0xef) {
      need = 2;
      if (b == 0xe0) low = 0xa0;
      else if (b == 0xed) high = 0x9f;
    } else if (b >= 0xf0 && b <= 0xf4) {
      need = 3;
      if (b == 0xf0) low = 0x90;
      else if (b == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - ptr < need) return false;
    for (let i: usize = 0; i < need; i++) {
      const c = <u32>load<u8>(ptr++);
      if (c < low || c > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

/** Writes a code point as UTF-8; returns where the next byte goes. */
export function putUtf8(to: usize, c: u32): usize {
  if (c < 0x80) {
    store<u8>(to, <u8>c);
    return to + 1;
  }
  if (c < 0x800) {
    store<u8>(to, <u8>(0xc0 | (c >> 6)));
    store<u8>(to, <u8>(0x80 | (c & 0x3f)), 1);
    return to + 2;
  }
  if (c < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (c >> 12)));
    store<u8>(to, <u8>(0x80 | ((c >> 6) & 0x3f)), 1);
    store<u8>(to, <u8>(0x80 | (c & 0x3f)), 2);
    return to + 3;
  }
  store<u8>(to, <u8>(0xf0 | (c >> 18)));
  store<u8>(to, <u8>(0x80 | ((c >> 12) & 0x3f)), 1);
  store<u8>(to, <u8>(0x80 | ((c >> 6) & 0x3f)), 2);
  store<u8>(to, <u8>(0x80 | (c & 0x3f)), 3);
  return to + 4;
}
