/**
 * A script: `npm run conformance [-- --run TEST] [--keep] [--check] [--counts FILE]`. Brings up a cluster, installs Sluice and
 * runs the conformance suite of Gateway API: every core and extended test of the five profiles of a gateway. Writes
 * `report.yaml` as the suite wrote it; with --check it has to say what the kept one says. Writes to FILE how many tests passed
 * and failed. Exit codes: 0 for nothing but what `known-failures.json` names, 1 otherwise, 2 for wrong arguments, 3 where no
 * cluster can be had, 130 and 143 where it was told to end.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SUPPORTED_FEATURES } from '#controller/gateway/supported-features.ts';
import { CONFORMANCE, ensureGoProgram } from '#deploy/setup/go-program.ts';
import { type Cluster, ensureClusterPrograms, startCluster } from '../cluster/cluster.ts';
import { inOwnNamespaces, isInOwnNamespaces, refusedHere } from '../cluster/namespaces.ts';
import { endOnce } from './end-once.ts';
import { GATEWAY_CLASS, installSluice } from './install.ts';
import { failuresIn, isSameReport, judge, unsupportedIn } from './outcome.ts';

const PROFILES = ['HTTP', 'GRPC', 'TLS', 'TCP', 'UDP'].map((name) => `GATEWAY-${name}`).join(',');
/** An address that load balancers of the test cluster never give, and one that nobody has. */
const ADDRESSES = ['--usable-address=10.245.100.1', '--unusable-address=10.245.200.1'] as const;
const HERE = import.meta.dirname;

const flag = { type: 'boolean', default: false } as const;
const { values } = wanted();
const refused = refusedHere();
if (refused !== undefined) {
  process.stderr.write(`conformance: ${refused}\n`);
  process.exit(3);
}
const suite = await ensureGoProgram(CONFORMANCE, process.env);
if (!isInOwnNamespaces()) {
  await ensureClusterPrograms(process.env);
  process.exit(
    await inOwnNamespaces(process.execPath, process.argv.slice(1), (pid) => {
      process.stderr.write(`conformance: the cluster's network: nsenter -t ${pid} -n -m COMMAND\n`);
    }),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));
const [report, log] = [join(folder, 'report.yaml'), join(folder, 'suite.log')];
const whole = values.run === undefined;
let cluster: Cluster | undefined;
const signalled = { is: false };
const end = endOnce(leave, (code) => process.exit(code));
// The first process of its namespaces gets no signal that it does not ask for; all others end with it.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    signalled.is = true;
    void end(code);
  });
}
let good = false;
try {
  cluster = await startCluster(join(folder, 'cluster'), say);
  say(`KUBECONFIG=${cluster.kubeconfig}`);
  await installSluice(cluster, say);
  const code = await runSuite(cluster.kubeconfig);
  // What a suite says whose cluster goes is no report.
  if (!signalled.is) good = await judged(code);
} catch (error) {
  if (!signalled.is) say(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
await end(good ? 0 : 1);

function say(line: string): void {
  process.stderr.write(`conformance: ${line}\n`);
}

function wanted(): { readonly values: { run?: string; counts?: string; keep: boolean; check: boolean } } {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({ options: { run: text, counts: text, keep: flag, check: flag } });
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return process.exit(2);
  }
}

/** Ends the cluster; what it left stays where it is asked for. */
async function leave(): Promise<void> {
  const running = cluster;
  cluster = undefined;
  await running?.stop().catch((error: unknown) => say(String(error)));
  if (values.keep) say(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}

/** Says how a run went, and whether it is good. */
async function judged(code: number): Promise<boolean> {
  const outcome = failuresIn(await readFile(log, 'utf8'));
  const known: unknown = JSON.parse(textOf(join(HERE, 'known-failures.json')));
  const told = textOf(report);
  const verdict = judge(outcome, Array.isArray(known) ? known.map(String) : [], {
    whole,
    code,
    unsupported: unsupportedIn(told),
  });
  const kept = join(HERE, 'report.yaml');
  const differs = values.check && whole && !isSameReport(textOf(kept), told);
  if (differs) {
    process.stdout.write('the report is another than test/conformance/report.yaml: npm run conformance writes it\n');
  }
  if (whole && !values.check && told !== '') copyFileSync(report, kept);
  if (values.counts !== undefined) {
    writeFileSync(values.counts, JSON.stringify({ passed: outcome.passed.length, failed: outcome.failed.length }));
  }
  process.stdout.write(`${verdict.lines.join('\n')}\n`);
  return verdict.good && !differs;
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

async function runSuite(kubeconfig: string): Promise<number> {
  const child = spawn(
    suite,
    [
      '-test.v',
      '-test.timeout=40m',
      '-test.run=TestConformance',
      `--gateway-class=${GATEWAY_CLASS}`,
      `--conformance-profiles=${PROFILES}`,
      `--supported-features=${SUPPORTED_FEATURES.join(',')}`,
      ...ADDRESSES,
      ...(whole ? [`--report-output=${report}`] : [`--run-test=${values.run ?? ''}`]),
      '--organization=sluice',
      '--project=sluice',
      '--url=https://sluice.example',
      '--version=v0.1.0',
      '--contact=maintainers@sluice.example',
    ],
    { env: { ...process.env, KUBECONFIG: kubeconfig }, stdio: ['ignore', 'pipe', 'pipe'], cwd: folder },
  );
  const file = createWriteStream(log);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      file.write(chunk);
      for (const [line] of chunk.toString('utf8').matchAll(/^ {4}--- (?:PASS|FAIL|SKIP): .*$/gmu)) say(line.trim());
    });
  }
  const [ended] = await once(child, 'close');
  file.end();
  await once(file, 'finish');
  return typeof ended === 'number' ? ended : 1;
}
