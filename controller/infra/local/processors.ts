import { accessSync, constants, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { passOn } from './child-log.ts';
import { Daemon, end } from './daemon.ts';
import { tailLines } from './log-tail.ts';
import { readRecord, removeRecord } from './process-record.ts';
import type { Programs } from './proxy-processes.ts';

/** The socket of users' processors, as manifests name it. */
export const PROCESSORS_SOCKET = '/var/run/ext-proc/extproc.sock';

/** The users' processors: where Envoy finds them, and how to end them. */
export interface Processors {
  /** Where sockets that manifests name really are. */
  readonly unixPaths: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

/**
 * Runs the processors of a `processors.yaml` in a process of their own, on the socket that manifests name or, where this
 * user cannot make it, on one in the state folder. Without a `processors.yaml`, those of an earlier run are ended.
 */
export async function startProcessors(
  stateFolder: string,
  configuration: string | undefined,
  { node, extproc }: Programs,
  log: Logger,
): Promise<Processors> {
  const folder = join(stateFolder, 'processors');
  const recordFile = join(folder, 'processors.process');
  if (configuration === undefined) {
    const left = await readRecord(recordFile);
    if (left !== undefined) await end(left, STOP_GRACE);
    await removeRecord(recordFile);
    return { unixPaths: new Map(), stop: () => Promise.resolve() };
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = canMake(PROCESSORS_SOCKET) ? PROCESSORS_SOCKET : join(folder, 'extproc.sock');
  const logFile = join(folder, 'processors.log');
  const daemon = new Daemon(
    {
      name: 'processors',
      command: node,
      args: [extproc, 'processors', '--socket', socket, resolve(configuration)],
      logFile,
      recordFile,
    },
    log,
  );
  const stopTail = await tailLines(logFile, (line) => passOn(line, log.child({ process: 'processors' })));
  await daemon.start();
  return {
    unixPaths: new Map([[PROCESSORS_SOCKET, socket]]),
    stop: async () => {
      await daemon.stop(STOP_GRACE);
      await stopTail();
      rmSync(socket, { force: true });
    },
  };
}

/** Milliseconds. */
const STOP_GRACE = 700;

function canMake(socket: string): boolean {
  try {
    mkdirSync(dirname(socket), { recursive: true });
    accessSync(dirname(socket), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
