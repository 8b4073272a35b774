/**
 * A script: `npm run conformance [-- --run TEST] [--keep] [--check]`. Brings up a cluster, installs Sluice and runs the conformance suite of
 * Gateway API: every core and extended test of the five profiles of a gateway. Writes `report.yaml` as the suite wrote it;
 * with --check it has to say what the kept one says.
 * Exit codes: 0 for nothing but what `known-failures.json` names, 1 otherwise, 2 for wrong arguments, 3 where none can be had.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SUPPORTED_FEATURES } from '#controller/gateway/supported-features.ts';
import { CONFORMANCE, ensureGoProgram } from '#deploy/setup/go-program.ts';
import { ensureClusterPrograms, startCluster } from '../cluster/cluster.ts';
import { inOwnNamespaces, isInOwnNamespaces, refusedHere } from '../cluster/namespaces.ts';
import { GATEWAY_CLASS, installSluice } from './install.ts';
import { failuresIn, isSameReport, judge } from './outcome.ts';

const PROFILES = ['HTTP', 'GRPC', 'TLS', 'TCP', 'UDP'].map((name) => `GATEWAY-${name}`).join(',');
/** An address that load balancers of the test cluster never give, and one that nobody has. */
const ADDRESSES = ['--usable-address=10.245.100.1', '--unusable-address=10.245.200.1'] as const;
const HERE = import.meta.dirname;

const flag = { type: 'boolean', default: false } as const;
const { values } = parseArgs({ options: { run: { type: 'string' }, keep: flag, check: flag } });
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
const say = (line: string): void => void process.stderr.write(`conformance: ${line}\n`);
const cluster = await startCluster(join(folder, 'cluster'), say);
say(`KUBECONFIG=${cluster.kubeconfig}`);
await installSluice(cluster, say);
const [report, log] = [join(folder, 'report.yaml'), join(folder, 'suite.log')];
const code = await runSuite();
const failures = failuresIn(readFileSync(log, 'utf8'));
const known: unknown = JSON.parse(readFileSync(join(HERE, 'known-failures.json'), 'utf8'));
const verdict = judge(failures, Array.isArray(known) ? known.map(String) : [], {
  whole: values.run === undefined,
  code,
});
process.stdout.write(`${verdict.lines.join('\n')}\n`);
const kept = join(HERE, 'report.yaml');
const differs = values.check && values.run === undefined && !isSameReport(textOf(kept), textOf(report));
if (differs)
  process.stdout.write('the report is another than test/conformance/report.yaml: npm run conformance writes it\n');
if (values.run === undefined && !values.check && existsSync(report)) copyFileSync(report, kept);
if (!values.keep) {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
} else say(`kept: ${folder}`);
process.exit(verdict.good && !differs ? 0 : 1);

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

async function runSuite(): Promise<number> {
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
      ...(values.run === undefined ? [`--report-output=${report}`] : [`--run-test=${values.run}`]),
      '--organization=sluice',
      '--project=sluice',
      '--url=https://sluice.example',
      '--version=v0.1.0',
      '--contact=maintainers@sluice.example',
    ],
    { env: { ...process.env, KUBECONFIG: cluster.kubeconfig }, stdio: ['ignore', 'pipe', 'pipe'], cwd: folder },
  );
  const file = createWriteStream(log);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      file.write(chunk);
      for (const [line] of chunk.toString('utf8').matchAll(/^ {4}--- (?:PASS|FAIL|SKIP): .*$/gmu)) say(line.trim());
    });
  }
  const [ended] = await once(child, 'exit');
  file.end();
  await once(file, 'finish');
  return typeof ended === 'number' ? ended : 1;
}
