/**
 * A list in pieces, in order: a piece is the same array as long as nothing in it changed, so that what is made of a list can
 * be made piece by piece, and what a change costs does not depend on how long the list is. Where it is cut means nothing.
 */
export type Pieces<T> = readonly (readonly T[])[];

/** So many members are in a piece at most. */
const LARGEST = 64;

/** A list cut into pieces; pieces of `last` stay the same arrays where they have the same members at the same place. */
export function inPieces<T>(list: readonly T[], last: Pieces<T> = []): Pieces<T> {
  const pieces: (readonly T[])[] = [];
  for (let from = 0; from < list.length; from += LARGEST) {
    const piece = list.slice(from, from + LARGEST);
    const known = last[pieces.length];
    pieces.push(known !== undefined && sameMembers(known, piece) ? known : piece);
  }
  return pieces;
}

/** A list with another member at a place: all pieces but that of the place are the same arrays. The same list for the same member. */
export function withMember<T>(pieces: Pieces<T>, place: number, member: T): Pieces<T> {
  let at = place;
  for (const [index, piece] of pieces.entries()) {
    if (at < piece.length) return piece[at] === member ? pieces : pieces.with(index, piece.with(at, member));
    at -= piece.length;
  }
  return pieces;
}

/** What two lists differ in: they are without what both begin with, and what both end with. An edit changes few members, one behind the other. */
export function unequalParts<T>(a: readonly T[], b: readonly T[]): readonly [readonly T[], readonly T[]] {
  const { head, tail } = equalEnds(a, b);
  return [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
}

/** With how many members both of two lists begin, and with how many more both end. */
export function equalEnds(
  a: readonly unknown[],
  b: readonly unknown[],
): { readonly head: number; readonly tail: number } {
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return { head, tail };
}

/** Whether two lists have the very same members, in the same order. */
export function sameMembers(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index]);
}
