import { parseRegex } from './parse.ts';
import type { Syntax } from './syntax.ts';
import { Work } from './work.ts';

/** Enough for every pattern that was compiled. */
const MOST_STEPS = 1_000_000;

/**
 * Whether every text that a regular expression matches has a character which is none of these (code points): no text of these
 * characters alone is matched. The expression is one that `compileRegex` takes.
 */
export function needsOtherThan(pattern: string, characters: readonly number[]): boolean {
  const syntax = parseRegex(pattern, new Work(MOST_STEPS));
  return syntax.ok && needs(syntax.value, characters);
}

function needs(syntax: Syntax, characters: readonly number[]): boolean {
  switch (syntax.kind) {
    case 'characters':
      return !characters.some((code) => syntax.ranges.some(([from, to]) => from <= code && code <= to));
    case 'sequence':
      return syntax.parts.some((part) => needs(part, characters));
    case 'choice':
      return syntax.options.every((option) => needs(option, characters));
    case 'repeat':
      return syntax.least > 0 && needs(syntax.of, characters);
    case 'empty':
    case 'begin':
    case 'end':
      return false;
    default:
      return syntax satisfies never;
  }
}
