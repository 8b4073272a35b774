import { parseArgs } from 'node:util';
import type { ControllerAddress } from '../agent/controller-address.ts';
import type { PodOptions } from '../pod/pod-server.ts';
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
  | ({
      readonly kind: 'sidecar';
      readonly controller: ControllerAddress;
      readonly modules: string;
      readonly pod?: PodOptions;
    } & Common)
  | ({ readonly kind: 'processors'; readonly files: readonly string[] } & Common)
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

/** How the commands are used. */
export const USAGE = `usage:
  node extproc/main.ts sidecar --agent-socket PATH --modules FOLDER [--socket PATH]
  node extproc/main.ts processors FILE... [--socket PATH]

  --socket PATH         where to listen (default: /var/run/sluice/sidecar.sock, /var/run/ext-proc/extproc.sock)
  --agent-socket PATH   where the controller listens
  --agent-address HOST:PORT  where the controller listens, in a cluster; with
  --agent-certificates FOLDER  tls.crt, tls.key and ca.crt, by which it and the controller know each other, and
  --pod TEXT            which pod this is, in the words of its Envoy
  --pod-port PORT       where the kubelet asks, in a pod, with
  --envoy-admin HOST:PORT  the admin interface of the pod's Envoy
  --drain DELAY,LEAST,MOST  milliseconds until health checks of an Envoy that ends fail, and it ends; SLUICE_DRAIN_TOKEN says who may ask
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
export function readCommandLine(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Command {
  const [name, ...rest] = args;
  try {
    switch (name) {
      case 'sidecar':
        return readSidecar(rest, environment);
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

const SIDECAR = {
  ...COMMON,
  'agent-socket': { type: 'string' },
  'agent-address': { type: 'string' },
  'agent-certificates': { type: 'string' },
  pod: { type: 'string' },
  'pod-port': { type: 'string' },
  'envoy-admin': { type: 'string' },
  drain: { type: 'string' },
  modules: { type: 'string' },
} as const;

function readSidecar(args: readonly string[], environment: NodeJS.ProcessEnv): Command {
  const { values } = parseArgs({ args: [...args], options: SIDECAR, strict: true });
  if (values.help) return { kind: 'help' };
  const { modules } = values;
  const controller = controllerOf(values);
  if (typeof controller === 'string') return wrong(controller);
  if (modules === undefined) return wrong('--modules is missing');
  const pod = values['pod-port'] === undefined ? undefined : podOf(values, environment['SLUICE_DRAIN_TOKEN'] ?? '');
  if (typeof pod === 'string') return wrong(pod);
  const rest = { controller, modules, ...(pod === undefined ? {} : { pod }) };
  return withCommon(values, SOCKETS.sidecar, (common) => ({ kind: 'sidecar', ...rest, ...common }));
}

interface SidecarValues {
  readonly 'agent-socket'?: string | undefined;
  readonly 'agent-address'?: string | undefined;
  readonly 'agent-certificates'?: string | undefined;
  readonly pod?: string | undefined;
  readonly 'pod-port'?: string | undefined;
  readonly 'envoy-admin'?: string | undefined;
  readonly drain?: string | undefined;
}

function controllerOf(values: SidecarValues): ControllerAddress | string {
  const [path, address, certificates] = [values['agent-socket'], values['agent-address'], values['agent-certificates']];
  if (path !== undefined && address !== undefined) return '--agent-socket and --agent-address are for different places';
  if (path !== undefined) return { kind: 'socket', path };
  if (address === undefined) return '--agent-socket is missing';
  if (certificates === undefined) return '--agent-certificates is missing';
  const { pod } = values;
  return { kind: 'tls', address, certificates, ...(pod === undefined ? {} : { pod }) };
}

function podOf(values: SidecarValues, token: string): PodOptions | string {
  const port = Number(values['pod-port']);
  const [, host = '', adminPort = ''] = /^(.+):(\d{1,5})$/u.exec(values['envoy-admin'] ?? '') ?? [];
  const times = (values.drain ?? '').split(',').map(Number);
  const [failAfter = 0, least = 0, most = 0] = times;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    return `--pod-port is ${values['pod-port']}; accepted is a port`;
  if (host === '') return '--envoy-admin is missing, or is no HOST:PORT';
  if (times.length !== 3 || times.some((time) => !(time >= 0)))
    return '--drain is missing, or is not three times in ms';
  return { port, envoyAdmin: { host, port: Number(adminPort) }, drain: { failAfter, least, most }, token };
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
