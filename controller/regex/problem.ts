import { regexGroups } from './parse.ts';

/** Why Envoy does not take a regular expression (RE2), or `undefined`. */
export function regexProblem(pattern: string): string | undefined {
  if (pattern === '') return `"": accepted is an expression that is not empty`;
  const groups = regexGroups(pattern);
  return groups.ok ? undefined : `${shown(pattern)}: ${groups.refusal.message}`;
}

/** Why what matches a pattern cannot be replaced so: `\0` to `\9` are its groups, `\\` is a backslash (RE2). */
export function substitutionProblem(pattern: string, substitution: string): string | undefined {
  if (pattern === '') return 'pattern: found "", accepted is an expression that is not empty';
  const groups = regexGroups(pattern);
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

/** Long patterns are cut. */
function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
