import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type ProcessRecord, startTimeOf } from './process-record.ts';

/** A process whose program has not begun. */
export interface WaitingProcess {
  /** Which process it is, now and once the program runs; `undefined` where none could be started. */
  readonly identity: Pick<ProcessRecord, 'pid' | 'startTime'> | undefined;
  /** Lets the program begin; called once. */
  readonly begin: () => void;
  /** How the process has ended: "exit code 1", "SIGKILL". */
  readonly ended: Promise<string>;
}

/** Becomes the program of its arguments when it reads a line, and ends at the end of its input (sh(1): `read`, `exec`). */
const WAIT = 'read -r line && exec "$@" </dev/null';

/**
 * Starts a process that becomes a program only once it is told to, and ends by itself where whoever started it has died before: its
 * input ends then. So a program that is told to begin when its process is on record never runs without being on record. A program that is
 * not there ends with exit code 127, and says so in its output (sh(1)).
 */
export function startWaiting(command: string, args: readonly string[], logFile: string): WaitingProcess {
  const output = openSync(logFile, 'a', 0o600);
  // A group of its own: Ctrl-C reaches the controller only, which ends its processes in order.
  const child = spawn('/bin/sh', ['-c', WAIT, 'sh', command, ...args], {
    detached: true,
    stdio: ['pipe', output, output],
  });
  closeSync(output);
  // It has ended before it was told anything.
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const { pid } = child;
  const startTime = pid === undefined ? undefined : startTimeOf(pid);
  if (pid === undefined || startTime === undefined) {
    child.stdin?.destroy();
    return { identity: undefined, begin: () => undefined, ended };
  }
  return { identity: { pid, startTime }, begin: () => void child.stdin?.end('\n'), ended };
}
