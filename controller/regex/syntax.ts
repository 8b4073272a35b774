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
  const more = ranges.flatMap(([from, to]) => {
    const begin = firstAtLeast(from);
    const end = firstAtLeast(to + 1);
    return inOtherCase()
      .slice(begin, end)
      .map(([, other]): Range => [other, other]);
  });
  return normalised([...ranges, ...more]);
}

/** Characters with what they are in the other case, in order. */
type Cased = readonly (readonly [code: number, other: number])[];

let cased: Cased | undefined;

function inOtherCase(): Cased {
  cased ??= readCased();
  return cased;
}

function readCased(): Cased {
  const made: (readonly [number, number])[] = [];
  // Beyond the Latin, Greek and Cyrillic letters cases are rare, and ranges are long.
  for (let code = 0; code <= 0x2000; code++) {
    const character = String.fromCodePoint(code);
    for (const other of [character.toLowerCase(), character.toUpperCase()]) {
      const point = other.codePointAt(0) ?? code;
      if (point !== code && String.fromCodePoint(point) === other) made.push([code, point]);
    }
  }
  return made;
}

/** The place of the first cased character that is at least `code`. */
function firstAtLeast(code: number): number {
  const all = inOtherCase();
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.[0] ?? 0) < code) low = middle + 1;
    else high = middle;
  }
  return low;
}
