import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { ESCAPES, PERL, POSIX, unicodeClass } from './character-classes.ts';
import { programSize } from './program-size.ts';
import { inAnyCase, LAST, negated, normalised, type Range, type Ranges, type Syntax } from './syntax.ts';
import type { Work } from './work.ts';

/** Most that a repetition may count, and repetitions within each other together (RE2). */
const MOST_REPEATS = 1000;

/** A pattern that is not accepted, and why. */
class Refused extends Error {}

/**
 * Reads a regular expression in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax). Not accepted, beside what RE2
 * does not accept: `\b`, `\B`, `\C` and the flag `m`. Throws `TooMuchWork` where `work` is not enough.
 */
export function parseRegex(pattern: string, work: Work): Outcome<Syntax, 'Invalid'> {
  const read = readRegex(pattern, 'automaton', work);
  return read.ok ? success(read.value.syntax) : read;
}

/**
 * Why a regular expression is none that Envoy takes, or how many groups it has. Unlike `parseRegex` it knows all of RE2's
 * syntax. Throws `TooMuchWork` where `work` is not enough.
 */
export function regexGroups(pattern: string, work: Work): Outcome<number, 'Invalid'> {
  const read = readRegex(pattern, 'envoy', work);
  if (!read.ok) return read;
  const size = programSize(read.value.syntax);
  return size > LARGEST_PROGRAM
    ? refusal(
        'Invalid',
        `it makes more than ${LARGEST_PROGRAM} instructions, at least ${size}; accepted are up to so many`,
      )
    : success(read.value.groups);
}

/** Whom a pattern is for: our automata know less than Envoy. */
type Reader = 'automaton' | 'envoy';

function readRegex(
  pattern: string,
  reader: Reader,
  work: Work,
): Outcome<{ readonly syntax: Syntax; readonly groups: number }, 'Invalid'> {
  try {
    const parser = new Parser(pattern, reader, work);
    return success({ syntax: parser.all(), groups: parser.groups });
  } catch (error) {
    if (error instanceof Refused) return refusal('Invalid', error.message);
    throw error;
  }
}

/** As many instructions of RE2 Envoy takes; its bootstrap says so (`re2.max_program_size.error_level`). */
const LARGEST_PROGRAM = 20_000;

/** Characters of a name, of a group or a class, and what it stands in. */
const LONGEST_NAME = 100;

/** How deep groups may be in each other (RE2). */
const DEEPEST = 1000;

interface Flags {
  readonly anyCase: boolean;
  /** Whether "." is a line feed, too. */
  readonly dotAll: boolean;
}

class Parser {
  readonly #characters: readonly string[];
  #at = 0;
  #flags: Flags = { anyCase: false, dotAll: false };
  #depth = 0;
  #groups = 0;
  /** How often the counted repetitions of what was read last repeat, at most. */
  #product = 1;
  readonly #names = new Set<string>();
  readonly #reader: Reader;
  readonly #work: Work;
  /** Classes of characters are large, and come again. */
  readonly #anyCase = new Map<Ranges, Ranges>();

  constructor(pattern: string, reader: Reader, work: Work) {
    this.#work = work;
    work.spend(pattern.length);
    this.#characters = Array.from(pattern);
    this.#reader = reader;
  }

  /** How many groups were read that a substitution may refer to. */
  get groups(): number {
    return this.#groups;
  }

  all(): Syntax {
    const read = this.#choice();
    if (this.#at < this.#characters.length) throw new Refused(`")" at ${this.#at} closes nothing`);
    return read;
  }

  #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #takes(text: string): boolean {
    const wanted = Array.from(text);
    if (wanted.some((character, index) => this.#characters[this.#at + index] !== character)) return false;
    this.#at += wanted.length;
    return true;
  }

  #choice(): Syntax {
    const options = [this.#sequence()];
    let product = this.#product;
    while (this.#takes('|')) {
      options.push(this.#sequence());
      product = Math.max(product, this.#product);
    }
    this.#product = product;
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
  }

  #sequence(): Syntax {
    const parts: Syntax[] = [];
    let product = 1;
    for (let next = this.#next(); next !== undefined && next !== '|' && next !== ')'; next = this.#next()) {
      this.#product = 1;
      if (this.#takes('\\Q')) this.#quoted(parts);
      else parts.push(this.#repeated(this.#atom()));
      product = Math.max(product, this.#product);
    }
    this.#product = product;
    return { kind: 'sequence', parts };
  }

  #repeated(of: Syntax): Syntax {
    const count = this.#count();
    if (count === undefined) return of;
    // Which of several ways a text matches makes no difference here, so greed makes none.
    this.#takes('?');
    if (this.#count() !== undefined) throw new Refused(`a repetition at ${this.#at} repeats a repetition`);
    return { kind: 'repeat', of, ...count };
  }

  #count(): { readonly least: number; readonly most: number | undefined } | undefined {
    if (this.#takes('*')) return { least: 0, most: undefined };
    if (this.#takes('+')) return { least: 1, most: undefined };
    if (this.#takes('?')) return { least: 0, most: 1 };
    const counted = /^\{(\d+)(,(\d*))?\}/u.exec(this.#characters.slice(this.#at, this.#at + 20).join(''));
    if (counted === null) return undefined;
    const [whole, first = '', comma, second = ''] = counted;
    const least = Number(first);
    const most = comma === undefined ? least : second === '' ? undefined : Number(second);
    if (least > MOST_REPEATS || (most ?? 0) > MOST_REPEATS || (most !== undefined && most < least)) {
      throw new Refused(`found the repetition ${whole}, accepted are up to ${MOST_REPEATS}, the least first`);
    }
    this.#product *= Math.max(1, most ?? least);
    if (this.#product > MOST_REPEATS) {
      throw new Refused(`repetitions within each other repeat ${this.#product} times, accepted are ${MOST_REPEATS}`);
    }
    this.#at += whole.length;
    return { least, most };
  }

  #atom(): Syntax {
    const next = this.#characters[this.#at++];
    switch (next) {
      case '(':
        return this.#group();
      case '[':
        return this.#set();
      case '.':
        return { kind: 'characters', ranges: this.#flags.dotAll ? [[0, LAST]] : negated([[10, 10]]) };
      case '^':
        return { kind: 'begin' };
      case '$':
        return { kind: 'end' };
      case '\\':
        return this.#escaped();
      case '*':
      case '+':
      case '?':
        throw this.#repeatsNothing();
      case '{':
        this.#at--;
        if (this.#count() !== undefined) throw this.#repeatsNothing();
        this.#at++;
        return this.#literal(next);
      case undefined:
        throw new Refused('it ends too early');
      default:
        return this.#literal(next);
    }
  }

  #repeatsNothing(): Refused {
    return new Refused(`a repetition before ${this.#at} repeats nothing`);
  }

  #literal(character: string): Syntax {
    const code = character.codePointAt(0) ?? 0;
    return this.#ofRanges([[code, code]]);
  }

  #ofRanges(ranges: Ranges): Syntax {
    return { kind: 'characters', ranges: this.#flags.anyCase ? this.#inAnyCase(ranges) : ranges };
  }

  #inAnyCase(ranges: Ranges): Ranges {
    const known = this.#anyCase.get(ranges);
    if (known !== undefined) return known;
    this.#work.spend(ranges.length);
    const made = inAnyCase(ranges);
    this.#work.spend(made.length * 10);
    this.#anyCase.set(ranges, made);
    return made;
  }

  /** The characters that come next, as far as anything that has a name is long. */
  #ahead(): string {
    return this.#characters.slice(this.#at, this.#at + LONGEST_NAME).join('');
  }

  #group(): Syntax {
    const outer = this.#flags;
    if (this.#takes('?')) {
      const named = /^P?<([A-Za-z_]\w*)>/u.exec(this.#ahead());
      if (named !== null) this.#named(named[0].length, named[1] ?? '');
      else if (!this.#setFlags()) {
        if (this.#count() !== undefined) throw this.#repeatsNothing();
        return { kind: 'empty' };
      }
    } else this.#groups++;
    if (++this.#depth > DEEPEST) throw new Refused(`groups are in each other more than ${DEEPEST} deep`);
    const inside = this.#choice();
    this.#depth--;
    if (!this.#takes(')')) throw new Refused('a "(" is not closed');
    this.#flags = outer;
    return inside;
  }

  #named(length: number, name: string): void {
    if (this.#names.has(name)) throw new Refused(`two groups are called ${name}`);
    this.#names.add(name);
    this.#groups++;
    this.#at += length;
  }

  /** Reads `i-s:` or `i)`; true when a group follows, which the flags are for, false when they are for what is left. */
  #setFlags(): boolean {
    let on = true;
    for (;;) {
      const flag = this.#characters[this.#at++];
      if (flag === '-' ? !on : !on && this.#characters[this.#at - 2] === '-' && (flag === ':' || flag === ')')) {
        throw new Refused(`"(?" before ${this.#at} takes away no flag`);
      }
      if (flag === ':') return true;
      if (flag === ')') return false;
      if (flag === '-') on = false;
      else if (flag === 'i') this.#flags = { ...this.#flags, anyCase: on };
      else if (flag === 's') this.#flags = { ...this.#flags, dotAll: on };
      // Greed by default makes no difference.
      else if (flag !== 'U' && (flag !== 'm' || this.#reader === 'automaton'))
        throw new Refused(
          `"(?" at ${this.#at - 1} is followed by ${flag ?? 'nothing'}, accepted are flags i, s, U and names`,
        );
    }
  }

  #escaped(): Syntax {
    const next = this.#next();
    if (this.#takes('A')) return { kind: 'begin' };
    if (this.#takes('z')) return { kind: 'end' };
    if (next === 'b' || next === 'B' || next === 'C') {
      if (this.#reader === 'automaton') throw new Refused(`"\\${next}" is not supported`);
      this.#at++;
      return { kind: 'empty' };
    }
    return this.#ofRanges(this.#escapedRanges());
  }

  /** Adds what stands before `\E`, of which what comes behind repeats the last character alone (RE2). */
  #quoted(parts: Syntax[]): void {
    let last: Syntax | undefined;
    while (this.#next() !== undefined && !this.#takes('\\E')) {
      if (last !== undefined) parts.push(last);
      last = this.#literal(this.#characters[this.#at++] ?? '');
    }
    if (last !== undefined) parts.push(this.#repeated(last));
    else if (this.#count() !== undefined) throw this.#repeatsNothing();
  }

  /** What follows a backslash, in a set or outside of one. */
  #escapedRanges(): Ranges {
    const next = this.#characters[this.#at++] ?? '';
    const perl = PERL.get(next);
    if (perl !== undefined) return perl;
    if (next === 'p' || next === 'P') return this.#unicode(next === 'P');
    const code = this.#escapedCode(next);
    return [[code, code]];
  }

  #escapedCode(next: string): number {
    const known = ESCAPES.get(next);
    if (known !== undefined) return known;
    const rest = this.#characters.slice(this.#at, this.#at + 10).join('');
    const hex = next === 'x' ? /^([0-9A-Fa-f]{2})|^\{([0-9A-Fa-f]{1,6})\}/u.exec(rest) : null;
    // One digit but 0 would be a reference back.
    const octal = next === '0' ? /^[0-7]{0,2}/u.exec(rest) : /^[1-7]$/u.test(next) ? /^[0-7]{1,2}/u.exec(rest) : null;
    const value =
      hex === null ? Number.parseInt(`${next}${octal?.[0] ?? ''}`, 8) : Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
    if ((hex ?? octal) !== null && value <= LAST) {
      this.#at += (hex ?? octal)?.[0].length ?? 0;
      return value;
    }
    if (!/^[\x21-\x7e\s]$/u.test(next) || /[A-Za-z0-9]/u.test(next))
      throw new Refused(`"\\${next}" stands for nothing`);
    return next.codePointAt(0) ?? 0;
  }

  #unicode(isNegated: boolean): Ranges {
    const rest = this.#ahead();
    const named = /^\{(\^?)(\w+)\}|^()(\w)/u.exec(rest);
    const name = named?.[2] ?? named?.[4] ?? '';
    const ranges = name === '' ? undefined : unicodeClass(name);
    if (ranges === undefined || named === null) throw new Refused(`"\\p" at ${this.#at} names no class of characters`);
    this.#at += named[0].length;
    if (isNegated === (named[1] === '^')) return ranges;
    this.#work.spend(ranges.length * 10);
    return negated(ranges);
  }

  #set(): Syntax {
    const isNegated = this.#takes('^');
    const ranges: Range[] = [];
    do {
      const member = this.#member();
      this.#work.spend(member.length);
      for (const range of member) ranges.push(range);
    } while (this.#next() !== ']');
    this.#at++;
    this.#work.spend(ranges.length * 10);
    const all = this.#flags.anyCase ? this.#inAnyCase(ranges) : ranges;
    return { kind: 'characters', ranges: isNegated ? negated(all) : normalised(all) };
  }

  #member(): Ranges {
    const posix = /^\[:(\^?)(.*?):\]/su.exec(this.#ahead());
    if (posix !== null) {
      const named = POSIX.get(posix[2] ?? '');
      if (named === undefined) throw new Refused(`"${posix[0]}" names no class of characters`);
      this.#at += posix[0].length;
      return posix[1] === '^' ? negated(named) : named;
    }
    const next = this.#characters[this.#at + 1] ?? '';
    if (this.#next() === '\\' && (PERL.has(next) || next === 'p' || next === 'P')) {
      this.#at++;
      return this.#escapedRanges();
    }
    const from = this.#memberCode();
    if (this.#next() !== '-' || (this.#characters[this.#at + 1] ?? ']') === ']') return [[from, from]];
    this.#at++;
    const to = this.#memberCode();
    if (to < from) throw new Refused(`a set has a range that ends before it begins, at ${this.#at}`);
    return [[from, to]];
  }

  /** A single character of a set: a class begins and ends no range. */
  #memberCode(): number {
    const next = this.#characters[this.#at++];
    if (next === undefined) throw new Refused('a "[" is not closed');
    if (next === '\\') return this.#escapedCode(this.#characters[this.#at++] ?? '');
    return next.codePointAt(0) ?? 0;
  }
}
