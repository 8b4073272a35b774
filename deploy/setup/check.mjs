// What `npm run check` runs: types, lint and format; stops at the first failure.
import { spawnSync } from 'node:child_process';

for (const [command, ...args] of [
  ['tsc', '-p', '.'],
  ['oxlint', '--type-aware'],
  ['oxfmt', '--check'],
]) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
