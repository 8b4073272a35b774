import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';

/** Tells the process that is started by `inOwnNamespaces` from the one that starts it. */
const MARK = 'SLUICE_CLUSTER_NAMESPACE';

/** Why no cluster can be had here, or `undefined`. */
export function refusedHere(): string | undefined {
  if (process.platform !== 'linux') return 'a test cluster takes Linux';
  const { status, stderr } = spawnSync('unshare', ['-nm', 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : `a test cluster takes the right to make network namespaces: ${stderr.trim()}`;
}

/** Whether this process is in a network namespace made for a cluster. */
export function isInOwnNamespaces(): boolean {
  return process.env[MARK] !== undefined && process.env[MARK] !== readlinkSync('/proc/self/ns/net');
}

/** Namespaces of processes, too: when the first of them ends, all others are ended. */
const OWN = [
  '--net',
  '--mount',
  '--propagation',
  'private',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
] as const;

/**
 * Runs a program with network, mount and process namespaces of its own, so that nothing of a cluster is left on the machine
 * and several may run side by side. `started` learns a process by which they can be entered. Resolves with the exit code.
 */
export function inOwnNamespaces(
  command: string,
  args: readonly string[],
  started: (pid: number) => void = () => undefined,
): Promise<number> {
  const child = spawn('unshare', [...OWN, command, ...args], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: readlinkSync('/proc/self/ns/net') },
  });
  if (child.pid !== undefined) started(child.pid);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => signalFirst(child.pid, signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // As a shell says that a program was ended by a signal.
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal])));
  });
}

/** The first process of the namespaces is the only child of `unshare`, which hands on no signal. */
function signalFirst(unshare: number | undefined, signal: NodeJS.Signals): void {
  if (unshare === undefined) return;
  const children = readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8').trim().split(' ').map(Number);
  for (const pid of children) if (pid > 0) process.kill(pid, signal);
}
