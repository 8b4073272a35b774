import { LAST, negated, type Range, type Ranges } from './syntax.ts';
import { CATEGORIES, SCRIPTS } from './unicode-names.ts';

const range = (from: string, to: string): Range => [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
const DIGIT: Ranges = [range('0', '9')];
const UPPER = range('A', 'Z');
const LOWER = range('a', 'z');
const WORD: Ranges = [...DIGIT, UPPER, range('_', '_'), LOWER];
const SPACE: Ranges = [range('\t', '\n'), range('\f', '\r'), range(' ', ' ')];

/** `\d`, `\D` and so on (RE2: of ASCII only). */
export const PERL: ReadonlyMap<string, Ranges> = new Map([
  ['d', DIGIT],
  ['D', negated(DIGIT)],
  ['w', WORD],
  ['W', negated(WORD)],
  ['s', SPACE],
  ['S', negated(SPACE)],
]);

/** `[[:alpha:]]` and so on, by their names. */
export const POSIX: ReadonlyMap<string, Ranges> = new Map<string, Ranges>([
  ['alnum', [...DIGIT, UPPER, LOWER]],
  ['alpha', [UPPER, LOWER]],
  ['ascii', [[0, 0x7f]]],
  ['blank', [range('\t', '\t'), range(' ', ' ')]],
  [
    'cntrl',
    [
      [0, 0x1f],
      [0x7f, 0x7f],
    ],
  ],
  ['digit', DIGIT],
  ['graph', [range('!', '~')]],
  ['lower', [LOWER]],
  ['print', [range(' ', '~')]],
  ['punct', [range('!', '/'), range(':', '@'), range('[', '`'), range('{', '~')]],
  ['space', [[0x09, 0x0d], range(' ', ' ')]],
  ['upper', [UPPER]],
  ['word', WORD],
  ['xdigit', [...DIGIT, range('A', 'F'), range('a', 'f')]],
]);

/** What an escaped letter stands for. */
export const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
]);

const classes = new Map<string, Ranges>();

/** The characters of a Unicode category or script ("L", "Lu", "Greek"); `undefined` when RE2 has none of that name. */
export function unicodeClass(name: string): Ranges | undefined {
  if (name === 'Any') return [[0, LAST]];
  const property = CATEGORIES.has(name) ? name : SCRIPTS.has(name) ? `Script=${name}` : undefined;
  if (property === undefined) return undefined;
  const known = classes.get(name) ?? readClass(property);
  classes.set(name, known);
  return known;
}

/** In RE2 a character of category C is one that has a category. */
const OTHER = '[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}]';

function readClass(property: string): Ranges {
  const test = new RegExp(`${property === 'C' ? OTHER : `\\p{${property}}`}+`, 'gu');
  const made: [number, number][] = [];
  for (let first = 0; first <= LAST; first += PLANE) {
    for (const { 0: text, index } of plane(first).matchAll(test)) {
      // In plane 0 a character is one unit of text, and surrogates are left out; in the others it is two.
      const from = first === 0 ? index + (index < 0xd800 ? 0 : 0x800) : first + index / 2;
      const length = first === 0 ? text.length : text.length / 2;
      // The text of plane 0 goes over the gap of surrogates, as a class may.
      const to = from + length - 1 + (from < 0xd800 && from + length > 0xd800 ? 0x800 : 0);
      const last = made.at(-1);
      if (last !== undefined && last[1] === from - 1) last[1] = to;
      else made.push([from, to]);
    }
  }
  return made;
}

/** Characters of a plane of Unicode. */
const PLANE = 0x10000;

/** All characters of a plane, in order. */
function plane(first: number): string {
  const units = new Uint16Array(first === 0 ? PLANE - 0x800 : 2 * PLANE);
  for (let at = 0; at < units.length; at++) {
    if (first === 0) units[at] = at < 0xd800 ? at : at + 0x800;
    else units[at] = at % 2 === 1 ? 0xdc00 + ((at >> 1) & 0x3ff) : 0xd800 + ((first + (at >> 1) - PLANE) >> 10);
  }
  return Buffer.from(units.buffer).toString('utf16le');
}
