/** A test that failed, or a file in which something failed outside its tests, whose `name` is then the empty string. */
export interface FailedTest {
  /** As vitest reports it: absolute. */
  readonly file: string;
  readonly name: string;
  /** The error with its stack. */
  readonly message: string;
}

/** How many tests ended in which way. What failed outside any test counts as a failed test. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Full names of the tests that were skipped. */
  readonly skippedNames: readonly string[];
  /** Those of `failed` that a report names. */
  readonly failures: readonly FailedTest[];
}

/** That nothing was tested. */
export const NO_TESTS: TestSummary = { passed: 0, failed: 0, skipped: 0, skippedNames: [], failures: [] };

/** What several runs come to. */
export function addUp(summaries: readonly TestSummary[]): TestSummary {
  return summaries.reduce(
    (sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
      skippedNames: [...sum.skippedNames, ...one.skippedNames],
      failures: [...sum.failures, ...one.failures],
    }),
    NO_TESTS,
  );
}

/** A file as vitest's `json` reporter describes it (vitest documentation, "Reporters": JSON reporter). */
interface FileReport {
  readonly name: string;
  readonly status: string;
  /** Of what failed outside the file's tests. */
  readonly message: string;
  readonly assertionResults: readonly TestReport[];
}

interface TestReport {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages: readonly string[];
}

/**
 * Counts the tests of a report of vitest's `json` reporter. `ok` says whether vitest ended well: when it did not though
 * no test failed, that is one failure. Anything but a report is one failure too.
 */
export function summarise(report: unknown, ok: boolean): TestSummary {
  if (!isReport(report)) return { ...NO_TESTS, failed: 1 };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failures = report.testResults.flatMap(failuresOf);
  const skippedNames = tests.filter((t) => t.status !== 'passed' && t.status !== 'failed').map((t) => t.fullName);
  const failed = failures.length === 0 && !ok ? 1 : failures.length;
  return { passed, failed, skipped: skippedNames.length, skippedNames, failures };
}

function failuresOf({ name: file, status, message, assertionResults }: FileReport): readonly FailedTest[] {
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0) return status === 'failed' ? [{ file, name: '', message }] : [];
  return failed.map((test) => ({ file, name: test.fullName, message: test.failureMessages.join('\n') }));
}

/** The files in which something failed, each once. */
export function failedFiles({ failures }: TestSummary): readonly string[] {
  return [...new Set(failures.map(({ file }) => file))];
}

/**
 * A report in whose place the files of a second run stand as that left them. A second report that is none changes nothing.
 */
export function withSecondRun(report: unknown, second: unknown): unknown {
  if (!isReport(report) || !isReport(second)) return report;
  const again = new Map(second.testResults.map((file) => [file.name, file]));
  return { ...report, testResults: report.testResults.map((file) => again.get(file.name) ?? file) };
}

/**
 * What a run of the conformance suite comes to from what it counted (`--counts` of test/conformance/main.ts). When it did not
 * end well though no test failed, that is one failure, and so is a run that counted nothing.
 */
export function suiteSummary(counts: unknown, ok: boolean): TestSummary {
  if (!isObject(counts) || !('passed' in counts && 'failed' in counts)) return { ...NO_TESTS, failed: 1 };
  const failed = Number(counts.failed);
  return { ...NO_TESTS, passed: Number(counts.passed), failed: failed === 0 && !ok ? 1 : failed };
}

/** One test that failed, with the beginning of its error, for whoever sees only the end of what was printed. `root` is cut off. */
export function failureLines({ file, name, message }: FailedTest, root: string): string {
  const where = file.startsWith(root) ? file.slice(root.length + 1) : file;
  const lines = message.split('\n').slice(0, MESSAGE_LINES);
  return [`${where}${name === '' ? '' : `: ${name}`}`, ...lines.map((line) => `    ${line}`)].join('\n');
}

const MESSAGE_LINES = 12;

/** Says it in the one form that others read: `3 passed, 0 failed`, and `, 1 skipped` only when there are any. */
export function summaryLine({ passed, failed, skipped }: TestSummary): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

/** Says whether the run is good: something ran, nothing failed and, with `strict`, nothing was skipped. */
export function isGood(summary: TestSummary, strict: boolean): boolean {
  return summary.passed > 0 && summary.failed === 0 && !(strict && summary.skipped > 0);
}

function isReport(value: unknown): value is { readonly testResults: readonly FileReport[] } {
  return (
    isObject(value) && 'testResults' in value && Array.isArray(value.testResults) && value.testResults.every(isFile)
  );
}

function isFile(value: unknown): value is FileReport {
  return (
    isObject(value) &&
    'name' in value &&
    typeof value.name === 'string' &&
    'status' in value &&
    typeof value.status === 'string' &&
    'message' in value &&
    typeof value.message === 'string' &&
    'assertionResults' in value &&
    Array.isArray(value.assertionResults) &&
    value.assertionResults.every(
      (test: unknown) =>
        isObject(test) &&
        'status' in test &&
        typeof test.status === 'string' &&
        'fullName' in test &&
        typeof test.fullName === 'string' &&
        'failureMessages' in test &&
        Array.isArray(test.failureMessages),
    )
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
