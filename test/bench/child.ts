import { type ChildProcess, spawn } from 'node:child_process';

/** A program that runs for the benchmark. */
export interface Child {
  readonly pid: number;
  /** What it wrote last, for the message when something goes wrong. */
  output(): string;
  /** Ends it with a signal, SIGTERM where absent; resolves when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const KEPT = 4_000;
const GRACE = 15_000;

const running = new Map<ChildProcess, Child>();
// Nothing that was started outlives the benchmark, even where it ends by a bug.
process.on('exit', () => {
  for (const child of running.keys()) child.kill('SIGTERM');
});

/** Ends every program that runs. */
export async function stopChildren(): Promise<void> {
  await Promise.all([...running.values()].map((child) => child.stop()));
}

/** Starts a program; what it writes is kept, the last of it. Throws when it cannot be started. */
export function startChild(command: string, args: readonly string[], cwd: string): Child {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid === undefined) throw new Error(`${command} cannot be started`);
  let output = '';
  const keep = (bytes: Buffer): void => {
    output = (output + bytes.toString()).slice(-KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      running.delete(child);
      resolve();
    }),
  );
  const started: Child = {
    pid: child.pid,
    output: () => output,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), GRACE);
      await ended;
      clearTimeout(late);
    },
  };
  running.set(child, started);
  return started;
}
