import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { EnvoyProxy } from '#controller/api/gen/types.d.ts';
import type { ProxyPaths } from './bootstrap.ts';
import { passOn } from './child-log.ts';
import { Daemon } from './daemon.ts';
import { GRACE, launchOf, readLaunch } from './envoy-launch.ts';
import { LaunchedEnvoy } from './launched-envoy.ts';
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

/** The Envoy and the sidecar of one proxy, running. */
export interface ProxyProcesses {
  /** Process number of Envoy while it runs. */
  readonly envoyPid: number | undefined;
  /** How often Envoy and the sidecar were started again because they had ended. */
  readonly restarts: { readonly envoy: number; readonly sidecar: number };
  /** Says how Envoy is to run; where one runs otherwise another is started, and that one takes leave once the other serves. */
  want(parameters: EnvoyProxy | undefined): void;
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
      recordFile: paths.sidecarRecord,
    },
    log,
  );
  const plain = launchOf(key, paths);
  if (!plain.ok) throw new Error(plain.refusal.message);
  const tails = await Promise.all([
    tailLines(file('sidecar.log'), (line) => passOn(line, log.child({ process: 'sidecar' }))),
    tailLines(file('envoy.log'), (line) => passOn(line, log.child({ process: 'envoy' }))),
  ]);
  const stopTails = async (): Promise<void> => void (await Promise.all(tails.map((stop) => stop())));
  // Until it is said how it is to run it goes on as it did: one that was left is taken over as it is.
  const envoy = new LaunchedEnvoy(readLaunch(paths) ?? plain.value, paths, programs.envoy, log);
  try {
    await envoy.start();
  } catch (error) {
    await stopTails();
    throw error;
  }
  // Where Envoy cannot be started nobody keeps a sidecar running: whoever tries again starts it.
  await sidecar.start();
  /** The fields that were told last to be of no use here. */
  let told = '';
  return {
    get envoyPid() {
      return envoy.pid;
    },
    get restarts() {
      return { envoy: envoy.restarts, sidecar: sidecar.restarts };
    },
    want: (parameters) => {
      const fields = Object.keys(parameters?.spec.provider?.kubernetes ?? {}).map(
        (name) => `spec.provider.kubernetes.${name}`,
      );
      if (fields.length > 0 && fields.join() !== told) {
        log.warn({ fields }, 'fields of the EnvoyProxy say nothing here: proxies are processes of this machine');
      }
      told = fields.join();
      const launch = launchOf(key, paths, parameters?.spec);
      if (launch.ok) envoy.want(launch.value);
      else log.error({ reason: launch.refusal.message }, 'Envoy cannot be started so; it goes on as it is');
    },
    stop: async () => {
      await envoy.stop();
      await sidecar.stop(GRACE);
      await stopTails();
      const left = [paths.xdsSocket, paths.sidecarSocket, paths.adminAddress, paths.launch];
      await Promise.all(left.map((path) => rm(path, { force: true })));
    },
  };
}
