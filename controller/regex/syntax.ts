/** A regular expression, as what it is made of. */
export type Syntax =
  | { readonly kind: 'empty' }
  /** One character of these ranges, which are in order and do not touch. */
  | { readonly kind: 'characters'; readonly ranges: Ranges }
  | { readonly kind: 'sequence'; readonly parts: readonly Syntax[] }
  | { readonly kind: 'choice'; readonly options: readonly Syntax[] }
  /** `most` is undefined where there is no most. */
  | { readonly kind: 'repeat'; readonly of: Syntax; readonly least: number; readonly most: number | undefined }
  /** The begin or the end of the text. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' };

/** Code points, from and to, both included. */
export type Range = readonly [from: number, to: number];
export type Ranges = readonly Range[];

/** The last code point of Unicode. */
export const LAST = 0x10ffff;

/** Ranges in order, those that overlap or touch made one. */
export function normalised(ranges: Ranges): Ranges {
  const sorted = ranges.toSorted(([a], [b]) => a - b);
  const made: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = made.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else made.push([from, to]);
  }
  return made;
}

/** Every code point that is in none of the ranges. */
export function negated(ranges: Ranges): Ranges {
  const made: [number, number][] = [];
  let next = 0;
  for (const [from, to] of normalised(ranges)) {
    if (from > next) made.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= LAST) made.push([next, LAST]);
  return made;
}

/** The ranges with every character in both cases. Differs from RE2: characters with more than two forms have those two. */
export function inAnyCase(ranges: Ranges): Ranges {
  const more: Range[] = [];
  for (const [from, to] of ranges) {
    // Beyond the Latin, Greek and Cyrillic letters cases are rare, and ranges are long.
    for (let code = from; code <= Math.min(to, 0x2000); code++) {
      const character = String.fromCodePoint(code);
      for (const other of [character.toLowerCase(), character.toUpperCase()]) {
        const point = other.codePointAt(0);
        if (point !== undefined && String.fromCodePoint(point) === other) more.push([point, point]);
      }
    }
  }
  return normalised([...ranges, ...more]);
}
