import type { Logger } from 'pino';
import { startHost } from '../processors/host.ts';
import { resolveOwnImport } from '../processors/resolve-import.ts';
import { startSidecar } from '../sidecar/sidecar.ts';
import { type Command, readCommandLine, USAGE } from './command-line.ts';
import { createLog } from './log.ts';
import { stopRequest } from './stop-request.ts';

/** How a process ends. */
const OK = 0;
const WRONG_USAGE = 2;
const CANNOT_WORK = 3;

/** Milliseconds that streams have to finish in; the process is gone within three seconds of being asked. */
const DRAIN_DEADLINE_MS = 2500;

type Serving = Extract<Command, { kind: 'sidecar' | 'processors' }>;

/** Does what the command line says, and gives the exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const command = readCommandLine(args);
  switch (command.kind) {
    case 'help':
      process.stdout.write(USAGE);
      return OK;
    case 'wrong':
      process.stderr.write(`${command.message}\n${USAGE}`);
      return WRONG_USAGE;
    case 'sidecar':
    case 'processors':
      return serve(command);
    default:
      return command satisfies never;
  }
}

async function serve(command: Serving): Promise<number> {
  const log = createLog(`sluice-${command.kind}`, command.logLevel);
  // What others must not read is not made readable to them, not even for a moment.
  process.umask(0o007);
  const stopped = stopRequest(command);
  try {
    const started = await start(command, log);
    switch (started.kind) {
      case 'started': {
        log.info({ reason: await stopped }, 'stopping');
        await started.stop(DRAIN_DEADLINE_MS);
        return OK;
      }
      case 'in-use':
        log.fatal(started.message);
        return CANNOT_WORK;
      case 'unusable':
        log.fatal(started.message);
        return WRONG_USAGE;
      case 'invalid':
        for (const message of started.messages) log.fatal(message);
        return WRONG_USAGE;
      default:
        return started satisfies never;
    }
  } catch (error) {
    log.fatal({ err: error }, 'cannot work');
    return CANNOT_WORK;
  }
}

function start(command: Serving, log: Logger): Promise<Awaited<ReturnType<typeof startHost | typeof startSidecar>>> {
  switch (command.kind) {
    case 'sidecar':
      endOnBug(log);
      return startSidecar({ ...command, log });
    case 'processors':
      surviveProcessors(log);
      resolveOwnImport();
      return startHost({ ...command, log });
    default:
      return command satisfies never;
  }
}

/** An error that nobody caught leaves the sidecar in a state nobody knows: whoever started it starts it anew. */
function endOnBug(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'bug');
    process.exit(CANNOT_WORK);
  });
}

/** In the host such an error comes from a processor's timer or promise; the other processors keep serving. */
function surviveProcessors(log: Logger): void {
  process.on('uncaughtException', (error) => log.error({ err: error }, 'a processor left an error uncaught'));
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a processor left a rejection unhandled'));
}
