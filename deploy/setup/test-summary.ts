/** How many tests ended in which way. What failed outside any test counts as a failed test. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Full names of the tests that were skipped. */
  readonly skippedNames: readonly string[];
}

/** That nothing was tested. */
export const NO_TESTS: TestSummary = { passed: 0, failed: 0, skipped: 0, skippedNames: [] };

/** What several runs come to. */
export function addUp(summaries: readonly TestSummary[]): TestSummary {
  return summaries.reduce(
    (sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
      skippedNames: [...sum.skippedNames, ...one.skippedNames],
    }),
    NO_TESTS,
  );
}

/** A file as vitest's `json` reporter describes it (vitest documentation, "Reporters": JSON reporter). */
interface FileReport {
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

/**
 * Counts the tests of a report of vitest's `json` reporter. `ok` says whether vitest ended well: when it did not though
 * no test failed, that is one failure. Anything but a report is one failure too.
 */
export function summarise(report: unknown, ok: boolean): TestSummary {
  if (!isReport(report)) return { passed: 0, failed: 1, skipped: 0, skippedNames: [] };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failedTests = tests.filter((test) => test.status === 'failed').length;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  const skippedNames = tests.filter((t) => t.status !== 'passed' && t.status !== 'failed').map((t) => t.fullName);
  const failed = failedTests + brokenFiles;
  return { passed, failed: failed === 0 && !ok ? 1 : failed, skipped: skippedNames.length, skippedNames };
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
    'status' in value &&
    typeof value.status === 'string' &&
    'assertionResults' in value &&
    Array.isArray(value.assertionResults) &&
    value.assertionResults.every(
      (test: unknown) =>
        isObject(test) &&
        'status' in test &&
        typeof test.status === 'string' &&
        'fullName' in test &&
        typeof test.fullName === 'string',
    )
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
