import { expect, test } from 'vitest';
import {
  addUp,
  failedFiles,
  failureLines,
  isGood,
  NO_TESTS,
  suiteSummary,
  summarise,
  summaryLine,
  withSecondRun,
} from './test-summary.ts';

const report = (...files: readonly (readonly string[])[]): object => ({
  testResults: files.map((statuses, file) => ({
    name: `/project/${file}.test.ts`,
    status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
    message: statuses.length === 0 ? 'does not load' : '',
    assertionResults: statuses.map((status, index) => ({
      status,
      fullName: `test ${index}`,
      failureMessages: status === 'failed' ? ['Error: other\n    at there'] : [],
    })),
  })),
});

test.each<[string, unknown, boolean, string]>([
  ['passed tests', report(['passed', 'passed'], ['passed']), true, '3 passed, 0 failed'],
  ['failed tests', report(['passed', 'failed']), false, '1 passed, 1 failed'],
  ['skipped and todo tests', report(['passed', 'skipped', 'todo']), true, '1 passed, 0 failed, 2 skipped'],
  ['a file that does not load as one failure', report(['passed'], []), false, '1 passed, 1 failed'],
  ['an error outside the tests as one failure', report(['passed']), false, '1 passed, 1 failed'],
  ['a report that is none as one failure', undefined, true, '0 passed, 1 failed'],
])('counts %s', (_, value, ok, line) => {
  expect(summaryLine(summarise(value, ok))).toBe(line);
});

test.each<[string, readonly string[], boolean, boolean]>([
  ['all passed', ['passed'], true, true],
  ['one failed', ['passed', 'failed'], false, false],
  ['nothing ran', ['skipped'], false, false],
  ['one was skipped', ['passed', 'skipped'], false, true],
  ['one was skipped and CI=true', ['passed', 'skipped'], true, false],
])('when %s the run is good or not', (_, statuses, strict, good) => {
  expect(isGood(summarise(report(statuses), true), strict)).toBe(good);
});

test('names what was skipped', () => {
  expect(summarise(report(['passed', 'skipped']), true).skippedNames).toEqual(['test 1']);
});

test('tells what failed, with its file and the beginning of its error', () => {
  const { failures } = summarise(report(['passed', 'failed'], []), false);
  expect(failures.map((failure) => failureLines(failure, '/project'))).toEqual([
    '0.test.ts: test 1\n    Error: other\n        at there',
    '1.test.ts\n    does not load',
  ]);
});

test('names each file once in which something failed', () => {
  expect(failedFiles(summarise(report(['failed', 'failed'], ['passed'], []), false))).toEqual([
    '/project/0.test.ts',
    '/project/2.test.ts',
  ]);
});

test.each<[string, unknown, string]>([
  ['passed stand in the place of those that failed', report(['passed', 'passed']), '3 passed, 0 failed'],
  ['failed again stay failures', report(['passed', 'failed']), '2 passed, 1 failed'],
  ['left no report stay as they were', undefined, '2 passed, 1 failed'],
])('files that, run again, %s', (_, second, line) => {
  const first = report(['passed', 'failed'], ['passed']);
  expect(summaryLine(summarise(withSecondRun(first, second), true))).toBe(line);
});

test('several runs add up, and come to nothing where nothing was tested', () => {
  const one = { ...NO_TESTS, passed: 1, skipped: 1, skippedNames: ['a'] };
  const two = { ...NO_TESTS, passed: 2, failed: 3 };
  expect(addUp([one, two])).toEqual({ ...NO_TESTS, passed: 3, failed: 3, skipped: 1, skippedNames: ['a'] });
  expect(isGood(addUp([]), false)).toBe(false);
});

test.each<[string, unknown, boolean, string]>([
  ['of a good run', { passed: 131, failed: 0 }, true, '131 passed, 0 failed'],
  ['of one that failed a test', { passed: 130, failed: 1 }, false, '130 passed, 1 failed'],
  [
    'of one whose report is another than the kept one as a failure',
    { passed: 131, failed: 0 },
    false,
    '131 passed, 1 failed',
  ],
  ['of one that did not come to its end as a failure', undefined, false, '0 passed, 1 failed'],
])('counts the tests of the conformance suite: those %s', (_, counts, ok, line) => {
  expect(summaryLine(suiteSummary(counts, ok))).toBe(line);
});
