// The npm packages, installed when they are not what package-lock.json says.
//
// In: package-lock.json and what npm notes about node_modules. Out: node_modules as locked, by `npm ci`.
// Runs on Node 20, before there is any package.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT } from './node24.mjs';

/** @typedef {{ packages: Record<string, { version?: string, integrity?: string, optional?: boolean }> }} Lockfile */

/**
 * Says why the packages in `<root>/node_modules` are not those of `<root>/package-lock.json`; undefined when they are.
 * Optional packages may be missing: they are for other platforms.
 *
 * @param {string} root
 * @returns {string | undefined}
 */
export function staleReason(root) {
  const wanted = readLockfile(join(root, 'package-lock.json'));
  if (wanted === undefined) throw new Error(`${join(root, 'package-lock.json')} is missing or unreadable`);
  // npm writes this file last, so an interrupted installation has none.
  const present = readLockfile(join(root, 'node_modules', '.package-lock.json'));
  if (present === undefined) return 'node_modules is missing or incomplete';
  for (const [path, { version, integrity, optional }] of Object.entries(wanted.packages)) {
    if (path === '') continue;
    const installed = present.packages[path];
    if (installed === undefined && optional === true) continue;
    if (installed?.version === version && installed?.integrity === integrity) continue;
    return `${path} is ${installed?.version ?? 'missing'}, package-lock.json has ${version}`;
  }
  return undefined;
}

/**
 * @param {string} path
 * @returns {Lockfile | undefined}
 */
function readLockfile(path) {
  try {
    const lockfile = JSON.parse(readFileSync(path, 'utf8'));
    return typeof lockfile?.packages === 'object' ? lockfile : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes `node_modules` what package-lock.json says; says so and shows that it lives while it does. Ends the process
 * when npm fails.
 *
 * @returns {Promise<void>}
 */
export async function install() {
  const reason = staleReason(ROOT);
  if (reason === undefined) return;
  console.error(`setup: npm ci (${reason})`);
  const start = Date.now();
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`;
  const heartbeat = setInterval(() => console.error(`setup: npm ci: still at it, ${seconds()}`), 5_000);
  const failure = await npm(['ci', '--include=dev', '--include=optional', '--loglevel=error']);
  clearInterval(heartbeat);
  if (failure !== undefined) {
    console.error(`setup: npm ci failed (${failure}); its own message is above`);
    process.exit(1);
  }
  console.error(`setup: npm ci: done in ${seconds()}`);
}

/**
 * Runs npm in the checkout. Gives what went wrong, or undefined.
 *
 * @param {readonly string[]} args
 * @returns {Promise<string | undefined>}
 */
function npm(args) {
  // `npm run` puts node_modules/.bin first, where there is a Node that npm is about to replace.
  const own = join(ROOT, 'node_modules');
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.startsWith(own));
  const env = { ...process.env, PATH: path.join(delimiter) };
  // npm's output is progress, and our own standard output may be somebody's data.
  const child = spawn('npm', args, { cwd: ROOT, env, stdio: ['ignore', process.stderr, process.stderr] });
  return new Promise((ended) => {
    child.once('error', (error) => ended(`npm cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => ended(code === 0 ? undefined : `exit code ${code ?? signal}`));
  });
}
