/**
 * A script: `npm run soak [-- --cluster] [--minutes N] [--out FILE] [--note TEXT]`. Soaks Sluice, from files or on the test
 * cluster: steady traffic through real Envoys, change upon change, and what processes take of the machine meanwhile. Writes its
 * report. Exit codes: 0 where no request was lost or answered wrongly and nothing grew, 1 otherwise, 2 for wrong arguments, 3 where
 * no test cluster can be had, 130 and 143 where it was told to end.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { ensureProgram, REDIS } from '#deploy/setup/debian-program.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { ensure } from '#deploy/setup/setup.ts';
import { machine } from '../bench/machine.ts';
import { ensureClusterPrograms } from '../cluster/cluster.ts';
import { inOwnNamespaces, isInOwnNamespaces, refusedHere } from '../cluster/namespaces.ts';
import { clusterSite } from './cluster-site.ts';
import { filesSite } from './files-site.ts';
import { parseSoak } from './options.ts';
import { reportOf } from './report.ts';
import { soak } from './soak.ts';
import { problemsOf } from './verdict.ts';

const parsed = parseSoak(process.argv.slice(2), import.meta.dirname);
if (parsed.kind === 'usage') {
  process.stderr.write(`${parsed.message}\n`);
  process.exit(2);
}
const { mode, minutes, out, note } = parsed.options;
if (!isInOwnNamespaces()) await ensurePrograms();
if (mode === 'cluster' && !isInOwnNamespaces()) {
  const refused = refusedHere();
  if (refused !== undefined) {
    say(refused);
    process.exit(3);
  }
  await ensureClusterPrograms(process.env);
  process.exit(await inOwnNamespaces(process.execPath, process.argv.slice(1)));
}
const end = new AbortController();
let code: number | undefined;
for (const [signal, number] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    code = number;
    end.abort();
  });
}
const commit = commitHere();
const duration = minutes * 60_000;
const site = await (mode === 'cluster' ? clusterSite(duration, say) : filesSite());
try {
  say(`${minutes} minutes begin`);
  const result = await soak(site, duration, say, end.signal);
  const problems = problemsOf(result);
  for (const problem of problems) say(problem);
  // Half a soak is none: the kept report stays.
  if (code === undefined)
    writeFileSync(
      out,
      reportOf(result, {
        mode,
        commit,
        machine: `${machine()}; load average ${loadavg()[1]?.toFixed(0) ?? ''} at the end`,
        note,
      }),
    );
  code ??= problems.length === 0 ? 0 : 1;
  say(code === 0 ? 'nothing is wrong' : `ends with ${code}`);
} finally {
  await site.stop();
}
process.exit(code);

/** Sees to all that a soak takes; where a cluster runs nothing can be fetched. */
async function ensurePrograms(): Promise<void> {
  await ensure(['filters', 'envoy', 'bundle']);
  await ensureProgram(REDIS, process.env);
}

function say(line: string): void {
  process.stderr.write(`soak: ${line}\n`);
}

/** What is soaked; a checkout that was changed since says so. */
function commitHere(): string {
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', and changes since';
    return `${git('rev-parse', '--short', 'HEAD')}${changed}`;
  } catch {
    return 'unknown';
  }
}
