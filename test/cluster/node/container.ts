import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from './kinds.ts';

/** What is known of a container, for the status of its pod. */
export interface ContainerState {
  readonly started: boolean;
  readonly ready: boolean;
  readonly restarts: number;
  readonly phase: 'waiting' | 'running' | 'ended';
  readonly exitCode: number | undefined;
  /** Why it waits, where that is not for others of its pod. */
  readonly waitsFor?: 'image';
}

/** What a container is run with. */
export interface ContainerPorts {
  /** Whether there is a program that stands for its image. */
  readonly hasImage: () => boolean;
  readonly start: () => ChildProcess;
  readonly probe: (kind: 'startupProbe' | 'readinessProbe') => Promise<boolean>;
  /** Its state is another one. */
  readonly changed: () => void;
  readonly exited: (code: number | null) => void;
}

const PROBE_EVERY = 150;
/** So many failures in a row make a container not ready that was, where its probe says nothing (`Probe.failureThreshold`). */
const FAILURES = 3;
const RESTART_AFTER = 1_000;
const STOP_LOOK_EVERY = 50;

/** One container of a pod: its process, which is started again when it ends, and what probes say of it. */
export class RunningContainer {
  readonly spec: Container;
  readonly #ports: ContainerPorts;
  #child: ChildProcess | undefined;
  #state: ContainerState = { started: false, ready: false, restarts: 0, phase: 'waiting', exitCode: undefined };
  #stopping = false;

  constructor(spec: Container, ports: ContainerPorts) {
    this.spec = spec;
    this.#ports = ports;
  }

  /** Where it is. */
  get state(): ContainerState {
    return this.#state;
  }

  /** Starts it and keeps it running. Resolves when its startup probe has succeeded, or at once without one. */
  async keepRunning(): Promise<void> {
    if (!(await this.#pulled())) return;
    void this.#run();
    while (!this.#stopping && !(await this.#passes('startupProbe'))) await sleep(PROBE_EVERY);
    this.#set({ started: true });
    void this.#followReadiness();
  }

  /** Runs it to its end; again and again until it ends well unless told otherwise (a plain init container, a job). */
  async runOnce(isRetried = true): Promise<void> {
    if (!(await this.#pulled())) return;
    while (!this.#stopping) {
      const child = this.#ports.start();
      this.#child = child;
      this.#set({ phase: 'running' });
      const code = await ended(child);
      this.#set({ phase: 'ended', exitCode: code ?? undefined, started: code === 0, ready: code === 0 });
      if (code === 0) return;
      this.#ports.exited(code);
      if (!isRetried) return;
      await sleep(RESTART_AFTER);
      this.#set({ restarts: this.#state.restarts + 1 });
    }
  }

  /** Asks it to end, and makes it after `grace` milliseconds. Resolves when it has ended. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    child.kill('SIGTERM');
    for (let waited = 0; waited < grace && !hasEnded(child); waited += STOP_LOOK_EVERY) await sleep(STOP_LOOK_EVERY);
    if (!hasEnded(child)) child.kill('SIGKILL');
    while (!hasEnded(child)) await sleep(STOP_LOOK_EVERY);
    this.#set({ phase: 'ended', ready: false });
  }

  /** Waits for its image, as long as it takes; `false` where it is ended before. */
  async #pulled(): Promise<boolean> {
    while (!this.#stopping && !this.#ports.hasImage()) {
      this.#set({ waitsFor: 'image' });
      await sleep(RESTART_AFTER);
    }
    return !this.#stopping;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const child = this.#ports.start();
      this.#child = child;
      this.#set({ phase: 'running' });
      const code = await ended(child);
      this.#set({ ready: false, phase: 'ended', exitCode: code ?? undefined });
      if (this.#stopping) return;
      this.#ports.exited(code);
      await sleep(RESTART_AFTER);
      this.#set({ restarts: this.#state.restarts + 1 });
    }
  }

  async #followReadiness(): Promise<void> {
    const most = this.spec.readinessProbe?.failureThreshold ?? FAILURES;
    for (let failures = 0; !this.#stopping; await sleep(PROBE_EVERY)) {
      const passes = this.#state.phase === 'running' && (await this.#passes('readinessProbe'));
      failures = passes ? 0 : failures + 1;
      if (!this.#stopping && (passes || failures >= most)) this.#set({ ready: passes });
    }
  }

  async #passes(kind: 'startupProbe' | 'readinessProbe'): Promise<boolean> {
    return this.spec[kind] === undefined || this.#ports.probe(kind);
  }

  #set(changes: Partial<ContainerState>): void {
    const next = { ...this.#state, ...changes };
    const isSame =
      next.started === this.#state.started &&
      next.ready === this.#state.ready &&
      next.restarts === this.#state.restarts &&
      next.phase === this.#state.phase &&
      next.waitsFor === this.#state.waitsFor;
    this.#state = next;
    if (!isSame) this.#ports.changed();
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(127));
  });
}
