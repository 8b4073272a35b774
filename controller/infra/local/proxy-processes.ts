import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { bootstrap, type ProxyPaths } from './bootstrap.ts';
import { passOn } from './child-log.ts';
import { Daemon } from './daemon.ts';
import { tailLines } from './log-tail.ts';

/** The programs that proxies are made of. */
export interface Programs {
  /** The Envoy binary; called `envoy`. */
  readonly envoy: string;
  readonly node: string;
  /** `extproc/main.ts`. */
  readonly extproc: string;
}

/** How long processes may take to end before they are killed. Milliseconds. */
const GRACE = 3_000;

/** The Envoy and the sidecar of one proxy, running. */
export interface ProxyProcesses {
  /** Process number of Envoy while it runs. */
  readonly envoyPid: number | undefined;
  /** Ends Envoy, then the sidecar, which finishes what Envoy still had in hand. */
  stop(): Promise<void>;
}

/** Starts the Envoy and the sidecar of a proxy on this machine, or takes over those that run. */
export async function startProxyProcesses(
  key: string,
  paths: ProxyPaths,
  programs: Programs,
  log: Logger,
): Promise<ProxyProcesses> {
  await mkdir(paths.modules, { recursive: true, mode: 0o700 });
  await writeFile(paths.bootstrap, JSON.stringify(bootstrap(key, paths), undefined, 2), { mode: 0o600 });
  const file = (name: string): string => join(paths.folder, name);
  const sidecar = new Daemon(
    {
      name: 'sidecar',
      command: programs.node,
      args: [
        programs.extproc,
        'sidecar',
        `--socket=${paths.sidecarSocket}`,
        `--agent-socket=${paths.xdsSocket}`,
        `--modules=${paths.modules}`,
      ],
      logFile: file('sidecar.log'),
      recordFile: file('sidecar.process'),
    },
    log,
  );
  const envoy = new Daemon(
    {
      name: 'envoy',
      command: programs.envoy,
      args: [
        '--config-path',
        paths.bootstrap,
        '--admin-address-path',
        paths.adminAddress,
        '--log-level',
        'warning',
        '--disable-hot-restart',
      ],
      logFile: file('envoy.log'),
      recordFile: file('envoy.process'),
    },
    log,
  );
  const tails = await Promise.all([
    tailLines(file('sidecar.log'), (line) => passOn(line, log.child({ process: 'sidecar' }))),
    tailLines(file('envoy.log'), (line) => passOn(line, log.child({ process: 'envoy' }))),
  ]);
  sidecar.start();
  envoy.start();
  return {
    get envoyPid() {
      return envoy.pid;
    },
    stop: async () => {
      await envoy.stop(GRACE);
      await sidecar.stop(GRACE);
      await Promise.all(tails.map((stop) => stop()));
      await Promise.all([paths.xdsSocket, paths.sidecarSocket].map((socket) => rm(socket, { force: true })));
    },
  };
}
