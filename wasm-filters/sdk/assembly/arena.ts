/** Memory for one callback: what the host hands over and what a decision needs meanwhile. Reset at every entry. */
const SIZE: usize = 262144;
const ARENA: usize = memory.data(262144, 16);

let used: usize = 0;
/** Blocks from the heap for what did not fit, chained by their first word; freed at the next reset. */
let overflow: usize = 0;

/** Forgets everything that was allocated. Call it first in every callback. */
@inline export function resetArena(): void {
  used = 0;
  while (overflow != 0) {
    const next = load<usize>(overflow);
    heap.free(overflow);
    overflow = next;
  }
}

/** Memory until the callback ends, aligned to 8. */
export function alloc(size: usize): usize {
  const at = (used + 7) & ~7;
  if (size <= SIZE && at <= SIZE - size) {
    used = at + size;
    return ARENA + at;
  }
  const block = heap.alloc(size + OWNED);
  freeLater(block);
  return block + OWNED;
}

/** Bytes before what is freed later, which the arena uses. */
export const OWNED: usize = 16;

/** Frees a block of the heap when the callback has ended. Its first `OWNED` bytes are the arena's. */
export function freeLater(block: usize): void {
  store<usize>(block, overflow);
  overflow = block;
}
