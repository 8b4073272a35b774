import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';

/** How the tests of a run of the suite went, by name. */
export interface SuiteOutcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** Reads what `go test -v` says of the tests directly below TestConformance. */
export function failuresIn(log: string): SuiteOutcome {
  const named = (word: string): readonly string[] =>
    [...log.matchAll(new RegExp(`^ {4}--- ${word}: TestConformance/(\\S+) `, 'gmu'))]
      .map(([, name = '']) => name)
      .sort();
  return { passed: named('PASS'), failed: named('FAIL'), skipped: named('SKIP') };
}

/** What a run comes to, and what is to be said of it. */
export interface Verdict {
  readonly good: boolean;
  readonly lines: readonly string[];
}

/** Tests of a mesh, which a gateway has none of. */
const isMesh = (name: string): boolean => name.startsWith('Mesh');

/**
 * Judges a run. Only what is known to fail may fail, and of a whole run nothing but tests of a mesh may be skipped; what is
 * known to fail and passes is to be struck from the list, which may only shrink. The suite's own report can say success though
 * a test failed: its log is what counts.
 */
export function judge(
  { passed, failed, skipped }: SuiteOutcome,
  known: readonly string[],
  run: { readonly whole: boolean; readonly code: number; readonly unsupported?: readonly string[] },
): Verdict {
  const { whole, code, unsupported = [] } = run;
  const fresh = failed.filter((name) => !known.includes(name));
  const left = whole ? skipped.filter((name) => !isMesh(name)) : [];
  const mended = known.filter((name) => passed.includes(name));
  const broken = passed.length + failed.length === 0 || (code !== 0 && failed.length === 0);
  const say = (words: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : [`${words}: ${names.join(', ')}`];
  return {
    good: fresh.length === 0 && left.length === 0 && mended.length === 0 && unsupported.length === 0 && !broken,
    lines: [
      ...say('failed', fresh),
      ...say(
        'failed, as known',
        failed.filter((name) => known.includes(name)),
      ),
      ...say('skipped', left),
      ...say('unsupported', unsupported),
      ...say('passed though known to fail: strike them from known-failures.json', mended),
      ...(broken ? [`the suite did not run to its end: exit code ${code}`] : []),
      `${passed.length} passed, ${failed.length} failed`,
    ],
  };
}

/**
 * Whether two reports of the suite say the same, but for when it ran and which version of ours it was. Its profiles come in any
 * order: the suite writes a map of them.
 */
export function isSameReport(one: string, other: string): boolean {
  return isDeepStrictEqual(lasting(one), lasting(other));
}

/** What a report says that is the same with each run and release. */
function lasting(text: string): unknown {
  const report: unknown = parse(text);
  if (!isRecord(report)) return report;
  const { date: _, implementation, profiles, ...rest } = report;
  const { version: __, ...who } = isRecord(implementation) ? implementation : {};
  return { ...rest, who, profiles: Array.isArray(profiles) ? new Set<unknown>(profiles) : profiles };
}

function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The features that a report of the suite calls unsupported, of whatever profile. */
export function unsupportedIn(report: string): readonly string[] {
  const lists = report.matchAll(/^( +)unsupportedFeatures:\n((?:\1- .*\n?)+)/gmu);
  return [...lists].flatMap(([, , list = '']) => [...list.matchAll(/- (.*)/gu)].map(([, name = '']) => name));
}
