import { sameBytes, Slice } from "./slice";

/** The value that `findNamed` found last; its bytes are those it looked at. */
export const NAMED: Slice = new Slice(0, 0);

/**
 * Finds `name=value` among pieces that `separator` parts, spaces before a name left out: query parameters (38, "&") or cookies
 * (59, ";"). Gives how many there are; the last is in `NAMED`.
 */
export function findNamed(name: Slice, start: usize, end: usize, separator: u8): u32 {
  let count: u32 = 0;
  while (start < end) {
    let stop = start;
    while (stop < end && load<u8>(stop) != separator) stop++;
    while (start < stop && load<u8>(start) == 32) start++;
    const value = start + name.len + 1;
    if (value <= stop && load<u8>(value - 1) == 61 && sameBytes(start, name.ptr, name.len)) {
      count++;
      NAMED.ptr = value;
      NAMED.len = <u32>(stop - value);
    }
    start = stop + 1;
  }
  return count;
}
