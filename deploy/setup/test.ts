// A script: the set-up that tests need, then vitest with our arguments; the last line says how it went.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { ensureProgram, REDIS, WRK } from './debian-program.ts';
import { ROOT } from './node24.mjs';
import { CONFORMANCE, ensureGoProgram, HELM } from './go-program.ts';
import { ensureRegistry } from './registry.ts';
import { ensure, SetupError, STEP_NAMES } from './setup.ts';
import { ENDING_SIGNALS } from './temporary-folder.ts';
import {
  addUp,
  failedFiles,
  failureLines,
  isGood,
  NO_TESTS,
  summarise,
  suiteSummary,
  summaryLine,
  type TestSummary,
  withSecondRun,
} from './test-summary.ts';
import { ensureClusterPrograms } from '#test/cluster/cluster.ts';
import { refusedHere } from '#test/cluster/namespaces.ts';

const REPORT = join(ROOT, 'build', 'test-report.json');
const CLUSTER_REPORT = join(ROOT, 'build', 'cluster-test-report.json');
const CONFORMANCE_COUNTS = join(ROOT, 'build', 'conformance-counts.json');
const strict = process.env['CI'] === 'true';
const args = process.argv.slice(2);
/** Whoever asks for some tests gets these. */
const all = args.length === 0;
/** Up to so many files that failed among all others are run again by themselves. More than that is no accident. */
const MOST_RUN_AGAIN = 3;
/** Tests that passed only by themselves. */
const unsteady: string[] = [];
/** How long each layer took, for the table in test/README.md. */
const minutes: string[] = [];

try {
  await timed('set-up', async () => {
    await ensure(STEP_NAMES);
    await ensureServers(strict);
  });
  if (all && refusedHere() === undefined) await timed('programs of the cluster', () => ensureCluster(strict));
} catch (error) {
  process.stderr.write(`setup: ${error instanceof SetupError ? error.message : String(error)}\n`);
  process.stdout.write(`${summaryLine({ ...NO_TESTS, failed: 1 })}\n`);
  process.exit(1);
}
mkdirSync(join(ROOT, 'build'), { recursive: true });
const vitest = [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run'];
const summaries = [await timed('tests without a cluster', () => runTests(vitest, args, REPORT))];
if (all) summaries.push(await timed('cluster', clusterTests));
// The suite of Gateway API takes minutes: CI runs it, and `npm run conformance`.
if (all && strict) summaries.push(await timed('conformance', conformance));
const summary = addUp(summaries);
if (strict) for (const name of summary.skippedNames) process.stdout.write(`skipped, though CI=true: ${name}\n`);
if (summary.passed === 0) process.stdout.write('no test passed: nothing was tested\n');
for (const lines of unsteady) process.stdout.write(`passed only by itself: ${lines}\n`);
for (const failure of summary.failures) process.stdout.write(`failed: ${failureLines(failure, ROOT)}\n`);
process.stdout.write(`minutes: ${minutes.join(', ')}\n`);
process.exitCode = isGood(summary, strict) ? 0 : 1;
process.stdout.write(`${summaryLine(summary)}\n`);

/** What some tests are made with. Where it cannot be had they are skipped: CI does not let that pass. */
async function ensureServers(isStrict: boolean): Promise<void> {
  const { env } = process;
  const servers = [
    () => ensureRegistry(env),
    () => ensureProgram(REDIS, env),
    () => ensureProgram(WRK, env),
    () => ensureGoProgram(HELM, env),
  ];
  for (const there of servers) {
    try {
      await there();
    } catch (error) {
      if (isStrict || !(error instanceof SetupError)) throw error;
      process.stderr.write(`setup: ${error.message}\n`);
    }
  }
}

/** Those that have a cluster. Where none can be had they are left out: CI does not let that pass. */
async function clusterTests(): Promise<TestSummary> {
  const refused = refusedHere();
  if (refused !== undefined && !strict) {
    process.stdout.write(`tests of the cluster are left out: ${refused}\n`);
    return NO_TESTS;
  }
  return runTests([join(ROOT, 'test', 'cluster', 'run-tests.ts')], [], CLUSTER_REPORT);
}

/** The conformance suite, held to its kept report: its tests are counted, and so is that it ended well. */
async function conformance(): Promise<TestSummary> {
  rmSync(CONFORMANCE_COUNTS, { force: true });
  const script = join(ROOT, 'test', 'conformance', 'main.ts');
  const ok = await runs([script, '--check', '--counts', CONFORMANCE_COUNTS]);
  return suiteSummary(readJson(CONFORMANCE_COUNTS), ok);
}

/** What clusters are made of, some of it by Go. */
async function ensureCluster(isStrict: boolean): Promise<void> {
  await ensureClusterPrograms(process.env);
  if (isStrict) await ensureGoProgram(CONFORMANCE, process.env);
}

/** Says at the end how many minutes of the clock it took. */
async function timed<T>(layer: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    minutes.push(`${layer} ${((performance.now() - began) / 60_000).toFixed(1)}`);
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Runs tests. Where it is all of them, a few files that failed are run once more by themselves: two cores on which hundreds of
 * processes start may keep one waiting for longer than anybody polls. What passes only then is told by name at the end.
 */
async function runTests(command: readonly string[], given: readonly string[], report: string): Promise<TestSummary> {
  const first = await vitestReport(command, given, report);
  const before = summarise(first.report, first.ok);
  const files = failedFiles(before);
  if (!all || files.length === 0 || files.length > MOST_RUN_AGAIN) return before;
  process.stdout.write(`run again by themselves: ${files.map((file) => relative(ROOT, file)).join(', ')}\n`);
  const second = await vitestReport(command, files, report);
  const final = summarise(withSecondRun(first.report, second.report), second.ok);
  const passedNow = before.failures.filter(
    ({ file, name }) => !final.failures.some((failure) => failure.file === file && failure.name === name),
  );
  unsteady.push(...passedNow.map((failure) => failureLines(failure, ROOT)));
  return final;
}

/** Gives vitest's report, undefined when it left none, and whether it ended well. */
async function vitestReport(
  command: readonly string[],
  given: readonly string[],
  report: string,
): Promise<{ readonly report: unknown; readonly ok: boolean }> {
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ok = await runs([...command, ...reporters, ...given]);
  return { report: readJson(report), ok };
}

/** Runs a script of ours and says whether it ended well. */
async function runs(script: readonly string[]): Promise<boolean> {
  // Whatever a test starts as `node` is to be Node 24, too.
  const path = [join(ROOT, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(process.execPath, [...script], {
    cwd: ROOT,
    env: { ...process.env, PATH: path },
    stdio: 'inherit',
  });
  // Whoever interrupts one layer wants none of those that follow.
  const interrupt = (signal: NodeJS.Signals): void => {
    child.once('exit', () => process.exit(128 + constants.signals[signal]));
    child.kill(signal);
  };
  for (const signal of ENDING_SIGNALS) process.once(signal, interrupt);
  return new Promise<boolean>((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => {
      for (const signal of ENDING_SIGNALS) process.off(signal, interrupt);
      done(code === 0);
    });
  });
}
