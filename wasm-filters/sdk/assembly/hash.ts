const K: u64 = 0x9e3779b97f4a7c15;

/** A number for bytes: a different one says that they differ, an equal one nothing. */
export function hashOf(ptr: usize, len: u32): u64 {
  let h = (<u64>len + 1) * K;
  const end = ptr + len;
  for (; ptr + 8 <= end; ptr += 8) h = mix(h, load<u64>(ptr));
  let rest: u64 = 0;
  for (; ptr < end; ptr++) rest = (rest << 8) | load<u8>(ptr);
  return mix(h, rest);
}

@inline function mix(h: u64, v: u64): u64 {
  const x = (h ^ v) * K;
  return x ^ (x >> 29);
}
