import { negated, type Range, type Ranges } from './syntax.ts';

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

const categories = new Map<string, Ranges | undefined>();

/** The characters of a Unicode category or script ("L", "Lu", "Greek"); `undefined` when there is none of that name. */
export function unicodeClass(name: string): Ranges | undefined {
  if (!categories.has(name)) categories.set(name, readClass(name));
  return categories.get(name);
}

function readClass(name: string): Ranges | undefined {
  const test = classTest(name) ?? classTest(`Script=${name}`);
  if (test === undefined) return undefined;
  const made: [number, number][] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code === 0xd800) code = 0xe000;
    if (!test.test(String.fromCodePoint(code))) continue;
    const last = made.at(-1);
    if (last !== undefined && last[1] === code - 1) last[1] = code;
    else made.push([code, code]);
  }
  return made;
}

function classTest(name: string): RegExp | undefined {
  try {
    return new RegExp(`^\\p{${name}}$`, 'u');
  } catch {
    return undefined;
  }
}
