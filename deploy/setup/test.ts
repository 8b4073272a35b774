// A script: the set-up that tests need, then vitest with our arguments; the last line says how it went.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ensureProgram, REDIS, WRK } from './debian-program.ts';
import { ROOT } from './node24.mjs';
import { ensureGoProgram, HELM } from './go-program.ts';
import { ensureRegistry } from './registry.ts';
import { ensure, SetupError, STEP_NAMES } from './setup.ts';
import { addUp, isGood, NO_TESTS, summarise, summaryLine, type TestSummary } from './test-summary.ts';
import { refusedHere } from '#test/cluster/namespaces.ts';

const REPORT = join(ROOT, 'build', 'test-report.json');
const CLUSTER_REPORT = join(ROOT, 'build', 'cluster-test-report.json');
const strict = process.env['CI'] === 'true';

try {
  await ensure(STEP_NAMES);
  await ensureServers(strict);
} catch (error) {
  process.stderr.write(`setup: ${error instanceof SetupError ? error.message : String(error)}\n`);
  process.stdout.write(`${summaryLine({ passed: 0, failed: 1, skipped: 0, skippedNames: [] })}\n`);
  process.exit(1);
}
mkdirSync(join(ROOT, 'build'), { recursive: true });
const args = process.argv.slice(2);
const vitest = [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run'];
const summaries = [summarise(...(await runTests(vitest, args, REPORT)))];
// Whoever asks for some tests gets these.
if (args.length === 0) summaries.push(await clusterTests());
// The suite of Gateway API takes minutes: CI runs it, and `npm run conformance`.
if (args.length === 0 && strict) summaries.push(await conformance());
const summary = addUp(summaries);
if (strict) for (const name of summary.skippedNames) process.stdout.write(`skipped, though CI=true: ${name}\n`);
if (summary.passed === 0) process.stdout.write('no test passed: nothing was tested\n');
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
  return summarise(...(await runTests([join(ROOT, 'test', 'cluster', 'run-tests.ts')], [], CLUSTER_REPORT)));
}

/** The conformance suite counts as one test, which its kept report holds. */
async function conformance(): Promise<TestSummary> {
  const isGoodRun = await runs([join(ROOT, 'test', 'conformance', 'main.ts'), '--check']);
  return { ...NO_TESTS, passed: isGoodRun ? 1 : 0, failed: isGoodRun ? 0 : 1 };
}

/** Gives vitest's report, undefined when it left none, and whether it ended well. */
async function runTests(
  command: readonly string[],
  given: readonly string[],
  report: string,
): Promise<readonly [unknown, boolean]> {
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ok = await runs([...command, ...reporters, ...given]);
  try {
    return [JSON.parse(readFileSync(report, 'utf8')), ok];
  } catch {
    return [undefined, ok];
  }
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
  const forward = (signal: NodeJS.Signals): boolean => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
  return new Promise<boolean>((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => done(code === 0));
  });
}
