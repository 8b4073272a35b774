// A script: the checks that need no test to run.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { ROOT } from './node24.mjs';
import { ensure } from './setup.ts';

const CHECKS = [
  ['tsc', '-p', '.'],
  ['oxlint', '--type-aware'],
  ['oxfmt', '--check'],
] as const;

await ensure(['types', 'kinds']);
// The tools look for `node`, and find Node 24.
const bin = join(ROOT, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
for (const [command, ...args] of CHECKS) {
  process.stdout.write(`check: ${[command, ...args].join(' ')}\n`);
  const { status, error } = spawnSync(join(bin, command), args, { cwd: ROOT, env, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
