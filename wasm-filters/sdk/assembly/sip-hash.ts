// SipHash-2-4 (Aumasson and Bernstein, 2012): who does not know the key cannot choose bytes that get the same number, nor
// ones that meet in the same place of a table.

let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

/** The number of bytes under a key of 16 bytes. */
export function sipHash(key: usize, ptr: usize, len: u32): u64 {
  const k0 = load<u64>(key);
  const k1 = load<u64>(key, 8);
  v0 = k0 ^ 0x736f6d6570736575;
  v1 = k1 ^ 0x646f72616e646f6d;
  v2 = k0 ^ 0x6c7967656e657261;
  v3 = k1 ^ 0x7465646279746573;
  const whole = ptr + (len & ~7);
  for (; ptr < whole; ptr += 8) absorb(load<u64>(ptr));
  let last: u64 = <u64>len << 56;
  for (let i: u32 = 0; i < (len & 7); i++) last |= <u64>load<u8>(ptr + i) << <u64>(i << 3);
  absorb(last);
  v2 ^= 0xff;
  round();
  round();
  round();
  round();
  return v0 ^ v1 ^ v2 ^ v3;
}

@inline function absorb(word: u64): void {
  v3 ^= word;
  round();
  round();
  v0 ^= word;
}

function round(): void {
  v0 += v1;
  v1 = rotl<u64>(v1, 13) ^ v0;
  v0 = rotl<u64>(v0, 32);
  v2 += v3;
  v3 = rotl<u64>(v3, 16) ^ v2;
  v0 += v3;
  v3 = rotl<u64>(v3, 21) ^ v0;
  v2 += v1;
  v1 = rotl<u64>(v1, 17) ^ v2;
  v2 = rotl<u64>(v2, 32);
}
