/** Bytes somewhere in memory. Whoever made it says how long they stay. */
@final
export class Slice {
  static readonly EMPTY: Slice = new Slice(0, 0);
  constructor(public ptr: usize, public len: u32) {}

  /** Whether these are the bytes at `ptr`. */
  @inline equals(ptr: usize, len: u32): bool {
    return this.len == len && sameBytes(this.ptr, ptr, len);
  }
}

/** Bytes that live as long as the module, from a literal. For use while the module starts, never on a request. */
export function literal(text: string): Slice {
  const len = String.UTF8.byteLength(text);
  const ptr = heap.alloc(len < 1 ? 1 : len);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, ptr);
  return new Slice(ptr, len);
}

/** Copies 32 bytes; memory.copy leaves the module for it. */
@inline export function copy32(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u64>(to, load<u64>(from, 16), 16);
  store<u64>(to, load<u64>(from, 24), 24);
}

/** Whether `n` bytes are the same at both places. Eight at a time: asc's memory.compare goes byte by byte. */
export function sameBytes(a: usize, b: usize, n: usize): bool {
  let i: usize = 0;
  for (; i + 8 <= n; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  for (; i < n; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}
