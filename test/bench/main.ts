/**
 * The benchmark: what Sluice costs on this machine, beside a bare Envoy that is measured in the same run.
 *
 * In: the parts to run. Out: tables, `results.json` and `README.md`. Everything is on loopback, and all that is started ends.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ensureProgram, WRK } from '#deploy/setup/debian-program.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { ensure } from '#deploy/setup/setup.ts';
import type { Bench } from './bench.ts';
import { startChild, stopChildren } from './child.ts';
import { benchEdits } from './edit-bench.ts';
import { benchExchange } from './exchange/exchange-bench.ts';
import { benchFilters } from './filters/filter-bench.ts';
import { benchListenerSets } from './listener-set-bench.ts';
import { benchLoss } from './loss-bench.ts';
import { machine } from './machine.ts';
import { type BenchOptions, type Part, parseOptions } from './options.ts';
import { benchPolicies } from './policies/policy-bench.ts';
import { portsFrom } from './ports.ts';
import { resultLine, tables, writeReport } from './report.ts';
import type { Result } from './result.ts';
import { benchStart } from './start-bench.ts';

const MEASURES: { readonly [P in Part]: (bench: Bench) => Promise<void> } = {
  a: benchFilters,
  b: benchStart,
  c: async (bench) => {
    await benchEdits(bench);
    await benchListenerSets(bench);
  },
  d: benchLoss,
  e: benchExchange,
  f: benchPolicies,
};

const parsed = parseOptions(process.argv.slice(2), import.meta.dirname);
if (parsed.kind === 'usage') {
  process.stderr.write(`${parsed.message}\n`);
  process.exitCode = 2;
} else {
  await measure(parsed.options);
}

async function measure(options: BenchOptions): Promise<void> {
  await ensure(['filters', 'envoy', 'bundle']);
  if (options.parts.includes('a') || options.parts.includes('e')) await ensureProgram(WRK, process.env);
  const ports = portsFrom(options.ports);
  const root = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void abandon(root));
  }
  const results: Result[] = [];
  let folders = 0;
  if (options.profiles !== undefined) mkdirSync(options.profiles, { recursive: true });
  const bench: Bench = {
    options,
    ports,
    folder: () => {
      folders += 1;
      const folder = join(root, String(folders));
      mkdirSync(folder);
      return folder;
    },
    add: (result) => {
      results.push(result);
      process.stderr.write(`  ${resultLine(result)}\n`);
    },
    attempt: async (words, measureOne) => {
      bench.say(words);
      try {
        return await measureOne();
      } catch (error) {
        process.exitCode = 1;
        bench.say(`  failed: ${words}: ${inspect(error)}`);
        return undefined;
      }
    },
    say: (words) => void process.stderr.write(`${words}\n`),
  };
  const backEnds = startChild(
    process.execPath,
    ['test/bench/back-end-process.ts', ...ports.backEnds.map(String)],
    ROOT,
  );
  try {
    for (const part of options.parts) await MEASURES[part](bench);
    writeReport(options.out, options.parts, results, machine());
    process.stdout.write(`${tables(results)}\n`);
  } finally {
    await backEnds.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Ends at once, and leaves nothing behind. */
async function abandon(root: string): Promise<void> {
  await stopChildren();
  rmSync(root, { recursive: true, force: true });
  process.exit(130);
}
