/**
 * `sluice processor run`: the host of users' processors.
 *
 * In: processors.yaml files and modules. Out: the exit code of the host, a process of its own: what a processor does to its
 * process never touches ours.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { unbundled } from '#deploy/setup/fresh-bundle.mjs';
import { ROOT } from '#deploy/setup/node24.mjs';
import { EXIT } from '../exit-codes.ts';
import type { ProcessorRunFlags } from '../program.ts';

/** Runs the host until it ends or is told to stop; gives its exit code. */
export async function processorRun(files: readonly string[], { socket, logLevel }: ProcessorRunFlags): Promise<number> {
  const args = [
    join(ROOT, unbundled(ROOT, 'sidecar', 'extproc/main.ts')),
    'processors',
    '--log-level',
    logLevel,
    ...(socket === undefined ? [] : ['--socket', socket]),
    // A file may be called as an option is.
    '--',
    ...files,
  ];
  const host = spawn(process.execPath, args, { stdio: 'inherit' });
  // From a terminal a signal reaches the host by itself; from elsewhere it is ours to pass on.
  const passOn = (signal: NodeJS.Signals): void => void host.kill(signal);
  process.on('SIGINT', passOn).on('SIGTERM', passOn);
  const [code] = await once(host, 'close');
  return typeof code === 'number' ? code : EXIT.internal;
}
