import { type Outcome, refusal } from '../resources/verdict.ts';
import { regexGroups } from './parse.ts';
import { Remembered } from './remembered.ts';
import { TooMuchWork, Work } from './work.ts';

/** Steps of reading beyond which a pattern is refused. */
const MOST_STEPS = 100_000;

/** What came of reading a pattern: translations come again with every change. Weighed by characters. */
const remembered = new Remembered<Outcome<number, 'Invalid'>>(1_000_000);

/** Why Envoy does not take a regular expression (RE2), or `undefined`. */
export function regexProblem(pattern: string): string | undefined {
  if (pattern === '') return `"": accepted is an expression that is not empty`;
  const groups = groupsIn(pattern);
  return groups.ok ? undefined : `${shown(pattern)}: ${groups.refusal.message}`;
}

/** Why what matches a pattern cannot be replaced so: `\0` to `\9` are its groups, `\\` is a backslash (RE2). */
export function substitutionProblem(pattern: string, substitution: string): string | undefined {
  if (pattern === '') return 'pattern: found "", accepted is an expression that is not empty';
  const groups = groupsIn(pattern);
  if (!groups.ok) return `pattern: found ${shown(pattern)}: ${groups.refusal.message}`;
  for (const [escape, digit] of substitution.matchAll(/\\(\d|[^]|$)/gu)) {
    if (digit === '\\') continue;
    if (digit === undefined || !/^\d$/u.test(digit) || Number(digit) > groups.value) {
      return `substitution: found ${escape}, the pattern has ${groups.value} groups, accepted are \\0 to \\${groups.value} and \\\\`;
    }
  }
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u0020\u007F]/u.test(substitution)) {
    return `substitution: found ${shown(substitution)}, accepted is text without blanks, line breaks and control characters`;
  }
  return undefined;
}

/** Why Envoy does not take a pattern, or how many groups it has. */
function groupsIn(pattern: string): Outcome<number, 'Invalid'> {
  return remembered.get(
    pattern,
    () => {
      try {
        return regexGroups(pattern, new Work(MOST_STEPS));
      } catch (error) {
        if (!(error instanceof TooMuchWork)) throw error;
        return refusal('Invalid', `it is too complex: reading it takes more than ${MOST_STEPS} steps`);
      }
    },
    () => OUTCOME_WEIGHT,
  );
}

/** What an outcome weighs, as characters. */
const OUTCOME_WEIGHT = 100;

/** Long patterns are cut. */
function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
