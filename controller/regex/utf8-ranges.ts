import type { Ranges } from './syntax.ts';

/** Bytes one after the other, each within a range. */
export type ByteRanges = readonly (readonly [from: number, to: number])[];

/** Code points at which UTF-8 changes its length, and those between which there are no characters. */
const PIECES: Ranges = [
  [0, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
];

/** The sequences of bytes that are the characters of these ranges in UTF-8. */
export function utf8Ranges(ranges: Ranges): readonly ByteRanges[] {
  return ranges.flatMap(([from, to]) =>
    PIECES.flatMap(([first, last]) =>
      from > last || to < first ? [] : split(Math.max(from, first), Math.min(to, last)),
    ),
  );
}

/** Of code points of one length: parts of them for which any byte of each place goes with any of the others. */
function split(from: number, to: number): readonly ByteRanges[] {
  for (const bits of [6, 12, 18]) {
    const mask = (1 << bits) - 1;
    if (from >> bits === to >> bits || lengthOf(from) * 6 <= bits) continue;
    if ((from & mask) !== 0) return [...split(from, from | mask), ...split((from | mask) + 1, to)];
    if ((to & mask) !== mask) return [...split(from, (to & ~mask) - 1), ...split(to & ~mask, to)];
  }
  const last = encode(to);
  return [encode(from).map((byte, index) => [byte, last[index] ?? byte] as const)];
}

function lengthOf(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** The bytes of a character in UTF-8 (RFC 3629 section 3). */
function encode(code: number): readonly number[] {
  const tail = (bits: number): number => 0x80 | ((code >> bits) & 0x3f);
  switch (lengthOf(code)) {
    case 1:
      return [code];
    case 2:
      return [0xc0 | (code >> 6), tail(0)];
    case 3:
      return [0xe0 | (code >> 12), tail(6), tail(0)];
    default:
      return [0xf0 | (code >> 18), tail(12), tail(6), tail(0)];
  }
}
