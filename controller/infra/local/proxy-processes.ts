import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { EnvoyProxy } from '#controller/api/gen/types.d.ts';
import type { ProxyPaths } from './bootstrap.ts';
import { passOn } from './child-log.ts';
import { Daemon, end } from './daemon.ts';
import { drain, listenersOf, untilListening } from './envoy-admin.ts';
import {
  type EnvoyLaunch,
  GRACE,
  launchOf,
  launchProblem,
  leaveBeside,
  readLaunch,
  writtenLaunch,
} from './envoy-launch.ts';
import { tailLines } from './log-tail.ts';
import { readRecord, removeRecord } from './process-record.ts';

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
      recordFile: file('sidecar.process'),
    },
    log,
  );
  const tails = await Promise.all([
    tailLines(file('sidecar.log'), (line) => passOn(line, log.child({ process: 'sidecar' }))),
    tailLines(file('envoy.log'), (line) => passOn(line, log.child({ process: 'envoy' }))),
  ]);
  const plain = launchOf(key, paths);
  if (!plain.ok) throw new Error(plain.refusal.message);
  // Until it is said how it is to run it goes on as it did: one that was left is taken over as it is.
  const leaving = await readRecord(paths.leavingRecord);
  // An earlier controller was killed while another took its place.
  if (leaving !== undefined) await end(leaving, GRACE);
  await removeRecord(paths.leavingRecord);
  await rm(paths.leavingAdminAddress, { force: true });
  const envoy = new LaunchedEnvoy(readLaunch(paths) ?? plain.value, paths, programs.envoy, log);
  await Promise.all([envoy.start(), sidecar.start()]);
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
      await Promise.all(tails.map((stop) => stop()));
      const left = [paths.xdsSocket, paths.sidecarSocket, paths.adminAddress, paths.launch];
      await Promise.all(left.map((path) => rm(path, { force: true })));
    },
  };
}

/** An Envoy that does not serve in so long will not. Milliseconds. */
const READY_WITHIN = 15_000;

/** An Envoy that is started again when it is to run otherwise. */
class LaunchedEnvoy {
  readonly #paths: ProxyPaths;
  readonly #command: string;
  readonly #log: Logger;
  #launch: EnvoyLaunch;
  #daemon: Daemon;
  /** Restarts of those before. */
  #restartsBefore = 0;
  readonly #stopping = new AbortController();
  #changing: Promise<void> = Promise.resolve();

  constructor(launch: EnvoyLaunch, paths: ProxyPaths, command: string, log: Logger) {
    this.#paths = paths;
    this.#command = command;
    this.#log = log;
    this.#launch = launch;
    this.#daemon = this.#daemonOf(launch);
  }

  get pid(): number | undefined {
    return this.#daemon.pid;
  }

  get restarts(): number {
    return this.#restartsBefore + this.#daemon.restarts;
  }

  async start(): Promise<void> {
    await this.#write(this.#launch);
    await this.#daemon.start();
  }

  want(launch: EnvoyLaunch): void {
    this.#changing = this.#changing
      .then(() => this.#become(launch))
      .catch((error: unknown) => this.#log.error({ err: error }, 'Envoy could not be started as it is to run'));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#changing;
    await drain(this.#paths.adminAddress, this.#launch.leave);
    await this.#daemon.stop(GRACE);
  }

  async #become(launch: EnvoyLaunch): Promise<void> {
    const last = this.#launch;
    if (this.#stopping.signal.aborted || (sameStart(last, launch) && sameLeave(last, launch))) return;
    this.#launch = launch;
    if (sameStart(last, launch)) return this.#write(launch);
    const problem = await launchProblem(launch, this.#paths, this.#command);
    if (problem !== undefined) {
      this.#launch = last;
      return this.#log.error({ reason: problem }, 'Envoy does not start as its EnvoyProxy says; it goes on as it is');
    }
    this.#log.info('Envoy is started again: its EnvoyProxy says that it is to run otherwise');
    const old = this.#daemon;
    const { adminAddress, leavingAdminAddress, leavingRecord } = this.#paths;
    const listeners = await listenersOf(adminAddress);
    if (listeners === 0) {
      await old.stop(GRACE);
      await this.#write(launch);
      return this.#keep(launch);
    }
    // Both bind the same ports (SO_REUSEPORT): at no time does nobody listen.
    await copyFile(adminAddress, leavingAdminAddress);
    await old.retire(leavingRecord);
    await this.#write(launch);
    await this.#keep(launch);
    const stop = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(READY_WITHIN)]);
    if (!(await untilListening(adminAddress, listeners, stop)))
      this.#log.warn(
        'the Envoy that runs as its EnvoyProxy says does not serve yet; the one before is ended all the same',
      );
    await drain(leavingAdminAddress, leaveBeside(last.leave));
    await old.stop(GRACE);
    await rm(leavingAdminAddress, { force: true });
  }

  /** Starts an Envoy so, in the place of the one that was kept running. */
  async #keep(launch: EnvoyLaunch): Promise<void> {
    const { restarts } = this.#daemon;
    this.#daemon = this.#daemonOf(launch);
    this.#restartsBefore += restarts;
    await this.#daemon.start();
  }

  /** What is written is what runs, or is about to: a controller that is killed in between starts it so. */
  async #write(launch: EnvoyLaunch): Promise<void> {
    const { bootstrap, launch: file } = this.#paths;
    for (const [path, text] of [
      [bootstrap, launch.bootstrap],
      [file, writtenLaunch(launch)],
    ] as const) {
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    }
  }

  #daemonOf({ args }: EnvoyLaunch): Daemon {
    const { folder, adminAddress } = this.#paths;
    return new Daemon(
      {
        name: 'envoy',
        command: this.#command,
        args,
        // The address of one that has ended may be another's by now.
        before: () => rm(adminAddress, { force: true }),
        logFile: join(folder, 'envoy.log'),
        recordFile: join(folder, 'envoy.process'),
      },
      this.#log,
    );
  }
}

function sameStart(a: EnvoyLaunch, b: EnvoyLaunch): boolean {
  return a.bootstrap === b.bootstrap && JSON.stringify(a.args) === JSON.stringify(b.args);
}

function sameLeave({ leave: a }: EnvoyLaunch, { leave: b }: EnvoyLaunch): boolean {
  return a.failAfter === b.failAfter && a.least === b.least && a.most === b.most;
}
