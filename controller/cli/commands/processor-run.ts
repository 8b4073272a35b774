/**
 * `sluice processor run`: the host of users' processors.
 *
 * In: processors.yaml files and modules. Out: the exit code of the host, a process of its own: what a processor does to its
 * process never touches ours.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { unbundled } from '#deploy/setup/fresh-bundle.mjs';
import { ROOT } from '#deploy/setup/node24.mjs';
import { passOn } from '../../infra/local/child-log.ts';
import { createLog } from '../../runtime/log.ts';
import { EXIT } from '../exit-codes.ts';
import type { ProcessorRunFlags } from '../program.ts';

/** Runs the host until it ends or is told to stop; gives its exit code. */
export async function processorRun(
  files: readonly string[],
  { socket, logLevel, logFormat }: ProcessorRunFlags,
): Promise<number> {
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
  const host = spawn(process.execPath, args, { stdio: ['inherit', 'inherit', 'pipe'] });
  const log = createLog(logLevel, logFormat);
  const lines = createInterface({ input: host.stderr });
  lines.on('line', (line) => passOn(line, log));
  // From a terminal a signal reaches the host by itself; from elsewhere it is ours to pass on.
  const tell = (signal: NodeJS.Signals): void => void host.kill(signal);
  process.on('SIGINT', tell).on('SIGTERM', tell);
  const [code] = await once(host, 'close');
  return typeof code === 'number' ? code : EXIT.internal;
}
