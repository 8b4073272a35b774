import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { bootstrap, type ProxyPaths } from './bootstrap.ts';
import { passOn } from './child-log.ts';
import { Daemon } from './daemon.ts';
import { drain } from './envoy-admin.ts';
import { tailLines } from './log-tail.ts';

/** The programs that proxies are made of. */
export interface Programs {
  /** The Envoy binary; called `envoy`. */
  readonly envoy: string;
  readonly node: string;
  /** `extproc/main.ts`. */
  readonly extproc: string;
  /** The same as a part of the bundle, where there is one: it serves as a sidecar only. */
  readonly sidecar: string;
}

/** How long an Envoy that is to end may take over the requests it has. Milliseconds. */
export const DRAIN = 2_500;
/** How long a process may take to end before it is killed. Milliseconds. */
export const GRACE = 700;

/** The Envoy and the sidecar of one proxy, running. */
export interface ProxyProcesses {
  /** Process number of Envoy while it runs. */
  readonly envoyPid: number | undefined;
  /** How often Envoy and the sidecar were started again because they had ended. */
  readonly restarts: { readonly envoy: number; readonly sidecar: number };
  /** Drains and ends Envoy, then the sidecar, which finishes what Envoy still had in hand. */
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
        programs.sidecar,
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
      // The address of one that has ended may be another's by now.
      before: () => rm(paths.adminAddress, { force: true }),
      logFile: file('envoy.log'),
      recordFile: file('envoy.process'),
    },
    log,
  );
  const tails = await Promise.all([
    tailLines(file('sidecar.log'), (line) => passOn(line, log.child({ process: 'sidecar' }))),
    tailLines(file('envoy.log'), (line) => passOn(line, log.child({ process: 'envoy' }))),
  ]);
  await Promise.all([envoy.start(), sidecar.start()]);
  return {
    get envoyPid() {
      return envoy.pid;
    },
    get restarts() {
      return { envoy: envoy.restarts, sidecar: sidecar.restarts };
    },
    stop: async () => {
      await drain(paths.adminAddress, DRAIN);
      await envoy.stop(GRACE);
      await sidecar.stop(GRACE);
      await Promise.all(tails.map((stop) => stop()));
      const left = [paths.xdsSocket, paths.sidecarSocket, paths.adminAddress];
      await Promise.all(left.map((path) => rm(path, { force: true })));
    },
  };
}
