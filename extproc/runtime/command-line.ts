import { parseArgs } from 'node:util';
import { isLogLevel, LOG_LEVELS, type LogLevel } from './log.ts';

/** What every command takes. */
interface Common {
  readonly socket: string;
  readonly logLevel: LogLevel;
  /** The process ends when its standard input closes. */
  readonly exitWithStdin: boolean;
}

/** A command line, understood. */
export type Command =
  | ({ readonly kind: 'sidecar'; readonly agentSocket: string; readonly modules: string } & Common)
  | ({ readonly kind: 'processors'; readonly files: readonly string[] } & Common)
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

/** How the commands are used. */
export const USAGE = `usage:
  node extproc/main.ts sidecar --agent-socket PATH --modules FOLDER [--socket PATH]
  node extproc/main.ts processors FILE... [--socket PATH]

  --socket PATH         where to listen (default: /var/run/sluice/sidecar.sock, /var/run/ext-proc/extproc.sock)
  --agent-socket PATH   where the controller listens
  --modules FOLDER      where Wasm modules are stored
  FILE                  which processor serves which policy (processors.yaml), or a module that serves every other one
  --log-level LEVEL     ${LOG_LEVELS.join(', ')} (default: info)
  --exit-with-stdin     end when standard input closes, so as not to outlive the parent
`;

/** Where each command listens by default; the seeds' `Backend` names the second. */
const SOCKETS = {
  sidecar: '/var/run/sluice/sidecar.sock',
  processors: '/var/run/ext-proc/extproc.sock',
} as const;

const COMMON = {
  socket: { type: 'string' },
  'log-level': { type: 'string', default: 'info' },
  'exit-with-stdin': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Reads the arguments after the program's name. */
export function readCommandLine(args: readonly string[]): Command {
  const [name, ...rest] = args;
  try {
    switch (name) {
      case 'sidecar':
        return readSidecar(rest);
      case 'processors':
        return readProcessors(rest);
      case '--help':
      case '-h':
        return { kind: 'help' };
      case undefined:
        return wrong('no command; accepted are sidecar, processors');
      default:
        return wrong(`command is ${name}; accepted are sidecar, processors`);
    }
  } catch (error) {
    // parseArgs throws a TypeError on what it does not know.
    if (error instanceof TypeError) return wrong(error.message);
    throw error;
  }
}

function readSidecar(args: readonly string[]): Command {
  const options = { ...COMMON, 'agent-socket': { type: 'string' }, modules: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  if (values.help) return { kind: 'help' };
  const agentSocket = values['agent-socket'];
  const { modules } = values;
  if (agentSocket === undefined) return wrong('--agent-socket is missing');
  if (modules === undefined) return wrong('--modules is missing');
  return withCommon(values, SOCKETS.sidecar, (common) => ({ kind: 'sidecar', agentSocket, modules, ...common }));
}

function readProcessors(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({ args: [...args], options: COMMON, strict: true, allowPositionals: true });
  if (values.help) return { kind: 'help' };
  if (positionals.length === 0) return wrong('no FILE; accepted are processors.yaml and modules');
  return withCommon(values, SOCKETS.processors, (common) => ({ kind: 'processors', files: positionals, ...common }));
}

interface CommonValues {
  readonly socket?: string | undefined;
  readonly 'log-level': string;
  readonly 'exit-with-stdin': boolean;
}

function withCommon(values: CommonValues, socket: string, then: (common: Common) => Command): Command {
  const logLevel = values['log-level'];
  if (!isLogLevel(logLevel)) return wrong(`--log-level is ${logLevel}; accepted are ${LOG_LEVELS.join(', ')}`);
  return then({ socket: values.socket ?? socket, logLevel, exitWithStdin: values['exit-with-stdin'] });
}

function wrong(message: string): Command {
  return { kind: 'wrong', message };
}
