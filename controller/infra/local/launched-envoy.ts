import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ProxyPaths } from './bootstrap.ts';
import { Daemon, end, pauseAfter } from './daemon.ts';
import { drain, type Leave, listenersOf, untilListening } from './envoy-admin.ts';
import { type EnvoyLaunch, GRACE, launchProblem, LEAVE, leaveBeside, writtenLaunch } from './envoy-launch.ts';
import { type ProcessRecord, readRecord, removeRecord } from './process-record.ts';

/** An Envoy that does not serve in so long will not. Milliseconds. */
const READY_WITHIN = 15_000;

/**
 * An Envoy that is started again when it is to run otherwise. Whatever fails of that, one is kept running, and it is tried
 * again until something else is wanted.
 */
export class LaunchedEnvoy {
  readonly #paths: ProxyPaths;
  readonly #command: string;
  readonly #log: Logger;
  #launch: EnvoyLaunch;
  #daemon: Daemon;
  /** Restarts of those before. */
  #restartsBefore = 0;
  readonly #stopping = new AbortController();
  /** How it is to run, while that is tried. */
  #wanted: EnvoyLaunch | undefined;
  /** Aborted when something else is wanted. */
  #superseded = new AbortController();
  #changing: Promise<void> = Promise.resolve();

  constructor(launch: EnvoyLaunch, paths: ProxyPaths, command: string, log: Logger) {
    this.#paths = paths;
    this.#command = command;
    this.#log = log;
    this.#launch = launch;
    this.#daemon = this.#daemonOf(launch);
  }

  /** Process number while it runs. */
  get pid(): number | undefined {
    return this.#daemon.pid;
  }

  /** How often Envoy was started again because it had ended. */
  get restarts(): number {
    return this.#restartsBefore + this.#daemon.restarts;
  }

  /** Starts it, or takes over the one that runs. One that it was to take the place of goes once it serves. */
  async start(): Promise<void> {
    const { leavingAdminAddress, leavingRecord } = this.#paths;
    // An earlier controller was killed meanwhile.
    const left = await readRecord(leavingRecord);
    await this.#stage(this.#launch);
    await this.#place();
    await this.#daemon.start();
    if (left === undefined || left.pid === this.pid) {
      await removeRecord(leavingRecord);
      return rm(leavingAdminAddress, { force: true });
    }
    this.#changing = this.#letGoOf(left).catch((error: unknown) =>
      this.#log.error(
        { err: error, pid: left.pid },
        'an Envoy whose place another has taken could not be ended in order',
      ),
    );
  }

  /** Says how it is to run. */
  want(launch: EnvoyLaunch): void {
    if (this.#wanted !== undefined && isSame(this.#wanted, launch)) return;
    this.#wanted = launch;
    this.#superseded.abort();
    this.#superseded = new AbortController();
    const stop = AbortSignal.any([this.#stopping.signal, this.#superseded.signal]);
    this.#changing = this.#changing.then(() => this.#try(launch, stop));
  }

  /** Drains and ends it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#changing;
    await drain(this.#paths.adminAddress, this.#launch.leave);
    await this.#daemon.stop(GRACE);
  }

  async #try(launch: EnvoyLaunch, stop: AbortSignal): Promise<void> {
    for (let failures = 1; !stop.aborted; failures += 1) {
      try {
        await this.#become(launch);
        break;
      } catch (error) {
        const isFirst = failures === 1;
        if (isFirst) this.#log.error({ err: error }, 'Envoy could not be started as it is to run, it is tried again');
        await sleep(pauseAfter(failures), undefined, { signal: stop }).catch(() => undefined);
      }
    }
    if (this.#wanted === launch) this.#wanted = undefined;
  }

  async #become(launch: EnvoyLaunch): Promise<void> {
    const last = this.#launch;
    if (isSame(last, launch)) return;
    if (sameStart(last, launch)) {
      await this.#stage(launch);
      await this.#place();
      this.#launch = launch;
      return;
    }
    const problem = await launchProblem(launch, this.#paths, this.#command);
    if (problem !== undefined) {
      return this.#log.error({ reason: problem }, 'Envoy does not start as its EnvoyProxy says; it goes on as it is');
    }
    const old = this.#daemon;
    const { adminAddress, leavingAdminAddress, leavingRecord } = this.#paths;
    const listeners = await listenersOf(adminAddress);
    // What takes space on the disk comes first: where there is none, the one that runs is still kept running.
    await this.#stage(launch);
    if (listeners === 0) await old.stop(GRACE);
    else {
      // Both bind the same ports (SO_REUSEPORT): at no time does nobody listen.
      await copyFile(adminAddress, leavingAdminAddress);
      await old.retire(leavingRecord);
    }
    this.#log.info('Envoy is started again: its EnvoyProxy says that it is to run otherwise');
    const placed = this.#place();
    await this.#keep(
      await placed.then(
        () => launch,
        () => last,
      ),
    );
    if (listeners > 0) {
      await this.#takeLeave(listeners, last.leave);
      await old.stop(GRACE);
      await rm(leavingAdminAddress, { force: true });
    }
    await placed;
  }

  /** Starts an Envoy so, in the place of the one that was kept running. */
  async #keep(launch: EnvoyLaunch): Promise<void> {
    const { restarts } = this.#daemon;
    this.#launch = launch;
    this.#daemon = this.#daemonOf(launch);
    this.#restartsBefore += restarts;
    await this.#daemon.start();
  }

  /** Ends an Envoy that an earlier controller left, once the one that takes its place serves: it may be the only one that does. */
  async #letGoOf(left: ProcessRecord): Promise<void> {
    const { leavingAdminAddress, leavingRecord } = this.#paths;
    const listeners = await listenersOf(leavingAdminAddress);
    if (listeners > 0) await this.#takeLeave(listeners, LEAVE);
    await end(left, GRACE);
    await removeRecord(leavingRecord);
    await rm(leavingAdminAddress, { force: true });
  }

  /** Drains an Envoy that has so many listeners, once the one that takes its place has them. */
  async #takeLeave(listeners: number, leave: Leave): Promise<void> {
    const { adminAddress, leavingAdminAddress } = this.#paths;
    const stop = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(READY_WITHIN)]);
    if (!(await untilListening(adminAddress, listeners, stop)))
      this.#log.warn(
        'the Envoy that runs as its EnvoyProxy says does not serve yet; the one before is ended all the same',
      );
    await drain(leavingAdminAddress, leaveBeside(leave));
  }

  /** Writes how Envoy is to be started beside what is in force. */
  async #stage(launch: EnvoyLaunch): Promise<void> {
    const { bootstrap, launch: file } = this.#paths;
    await writeFile(`${bootstrap}.new`, launch.bootstrap, { mode: 0o600 });
    await writeFile(`${file}.new`, writtenLaunch(launch), { mode: 0o600 });
  }

  /** Puts in force what was written: it is what runs, or is about to. A controller that is killed in between starts it so. */
  async #place(): Promise<void> {
    const { bootstrap, launch } = this.#paths;
    for (const path of [bootstrap, launch]) await rename(`${path}.new`, path);
  }

  #daemonOf({ args }: EnvoyLaunch): Daemon {
    const { folder, adminAddress, envoyRecord } = this.#paths;
    return new Daemon(
      {
        name: 'envoy',
        command: this.#command,
        args,
        // The address of one that has ended may be another's by now.
        before: () => rm(adminAddress, { force: true }),
        logFile: join(folder, 'envoy.log'),
        recordFile: envoyRecord,
      },
      this.#log,
    );
  }
}

function isSame(a: EnvoyLaunch, b: EnvoyLaunch): boolean {
  return sameStart(a, b) && sameLeave(a, b);
}

function sameStart(a: EnvoyLaunch, b: EnvoyLaunch): boolean {
  return a.bootstrap === b.bootstrap && JSON.stringify(a.args) === JSON.stringify(b.args);
}

function sameLeave({ leave: a }: EnvoyLaunch, { leave: b }: EnvoyLaunch): boolean {
  return a.failAfter === b.failAfter && a.least === b.least && a.most === b.most;
}
