import { alloc } from "./arena";

/** Where the host writes what it returns: a pointer and a length. */
export const RESULT: usize = memory.data(8, 8);

/** The text that the last call returned; what is no UTF-8 in it is replaced. */
export function resultText(): string {
  return String.UTF8.decodeUnsafe(load<usize>(RESULT), load<u32>(RESULT, 4));
}

/** Puts text where the host reads it, until the callback ends. */
export function utf8(text: string): usize {
  const ptr = alloc(text.length * 3 + 1);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, ptr);
  return ptr;
}

/** How many bytes text has. */
export function utf8Length(text: string): u32 {
  return <u32>String.UTF8.byteLength(text);
}
