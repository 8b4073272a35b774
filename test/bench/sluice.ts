import { join } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';
import { type Child, startChild } from './child.ts';
import type { Ports } from './ports.ts';

/** How a controller is started. */
export interface SluiceRun {
  readonly manifests: string;
  /** State and logs. */
  readonly folder: string;
  readonly ports: Ports;
  /** What it is started through: a command and the arguments before its own. */
  readonly through?: readonly [string, ...string[]] | undefined;
}

/** Starts `sluice run`. It and all that it started end with `stop`. */
export function startSluice({ manifests, folder, ports, through = [process.execPath] }: SluiceRun): Child {
  const [command, ...before] = through;
  return startChild(
    command,
    [
      ...before,
      `--inspect-port=127.0.0.1:${ports.inspector}`,
      'controller/cli/sluice.mjs',
      'run',
      manifests,
      '--state-dir',
      join(folder, 'state'),
      '--admin',
      `127.0.0.1:${ports.admin}`,
      '--log-level',
      'warn',
    ],
    ROOT,
  );
}
