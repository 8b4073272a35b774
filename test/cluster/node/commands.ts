import { execFileSync } from 'node:child_process';

/** Runs a command of the system to its end and gives what it printed; throws with its words where it fails. */
export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
}

/** Runs a command that may fail because it has been done already, or because what it undoes is gone. */
export function tryRun(command: string, ...args: readonly string[]): void {
  try {
    run(command, ...args);
  } catch {
    // Nothing to do then.
  }
}
