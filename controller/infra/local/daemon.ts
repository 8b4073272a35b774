import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type ProcessRecord, readRecord, removeRecord, runs, writeRecord } from './process-record.ts';
import { startWaiting } from './waiting-process.ts';

/** A program to keep running. */
export interface DaemonSpec {
  /** Short name for logs: "envoy". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its output is appended here; it stays open when the controller is gone. */
  readonly logFile: string;
  readonly recordFile: string;
  /** Runs before each start; what an earlier process left is removed here. */
  readonly before?: () => Promise<void>;
}

const FIRST_BACK_OFF = 100;
const LONGEST_BACK_OFF = 5_000;
/** A process that lived this long had started well: the next restart is at once again. Milliseconds. */
const STEADY = 10_000;
/** How often it is tried to write a record that could not be written. Milliseconds. */
const RECORD_AGAIN = 1_000;
/** How often a process that an earlier controller started is looked at. Milliseconds. */
const POLL = 200;

/**
 * Keeps a program running: restarts it with growing delays, and takes over one that an earlier controller left running
 * with the same arguments. The program outlives a controller that is killed, and only `stop` ends it.
 */
export class Daemon {
  readonly #spec: DaemonSpec;
  #recordFile: string;
  readonly #log: Logger;
  #record: ProcessRecord | undefined;
  #stopping = false;
  #restarts = 0;
  #loop: Promise<void> | undefined;
  #recording: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  readonly #begun = Promise.withResolvers<void>();

  constructor(spec: DaemonSpec, log: Logger) {
    this.#spec = spec;
    this.#recordFile = spec.recordFile;
    this.#log = log.child({ process: spec.name });
  }

  /** Process number while it runs. */
  get pid(): number | undefined {
    return this.#record?.pid;
  }

  /** How often the program was started again because it had ended. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Starts the program, or takes over the one that runs. Resolves when that is done, or has failed for the first time. */
  start(): Promise<void> {
    this.#loop ??= this.#keepRunning().finally(() => this.#begun.resolve());
    return this.#begun.promise;
  }

  /** Ends the program: SIGTERM, and SIGKILL after `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#wake();
    const record = this.#record;
    if (record !== undefined) await end(record, graceMs);
    await this.#loop;
    // It may have been taken over just then.
    if (this.#record !== undefined) await end(this.#record, graceMs);
    await this.#recording;
    await removeRecord(this.#recordFile);
  }

  /**
   * Starts the program no more: it runs until it is stopped, beside one that takes its place. Its record is kept in another file,
   * by which a controller that starts in the meantime finds it; where that cannot be written this rejects, and it is kept running.
   */
  async retire(recordFile: string): Promise<void> {
    // Another may have been started while the record of one was written.
    for (let recorded: ProcessRecord | undefined; this.#record !== recorded;) {
      recorded = this.#record;
      if (recorded !== undefined) await writeRecord(recordFile, recorded);
    }
    this.#stopping = true;
    this.#wake();
    this.#recordFile = recordFile;
    await this.#recording;
    await removeRecord(this.#spec.recordFile);
  }

  async #keepRunning(): Promise<void> {
    let failures = 0;
    const left = await this.#takeOver();
    if (left !== undefined) {
      this.#begun.resolve();
      await this.#untilGone(left);
      if (this.#stopping) return;
      this.#log.error({ pid: left.pid }, 'process ended, it is started again');
      this.#restarts += 1;
    }
    while (!this.#stopping) {
      const began = Date.now();
      const outcome = await this.#runOnce().catch((error: unknown) => describeError(error));
      this.#begun.resolve();
      if (this.#stopping) return;
      failures = failuresInRow(failures, Date.now() - began);
      const restartInMs = pauseAfter(failures);
      this.#log.error({ outcome, restartInMs, output: this.#spec.logFile }, 'process ended, it is started again');
      await this.#pause(restartInMs);
      this.#restarts += 1;
    }
  }

  async #takeOver(): Promise<ProcessRecord | undefined> {
    const record = await readRecord(this.#spec.recordFile);
    if (record === undefined) return undefined;
    if (record.command === this.#commandLine()) {
      this.#record = record;
      this.#log.info({ pid: record.pid }, 'process of an earlier run is taken over');
      return record;
    }
    await end(record, STEADY);
    return undefined;
  }

  /** Resolves when the process is gone, or when nobody wants it started again. */
  async #untilGone(record: ProcessRecord): Promise<void> {
    while (runs(record) && !this.#stopping) await sleep(POLL);
    if (!runs(record)) this.#record = undefined;
  }

  async #runOnce(): Promise<string> {
    await this.#spec.before?.();
    if (this.#stopping) return 'not started';
    const { identity, begin, ended } = startWaiting(this.#spec.command, this.#spec.args, this.#spec.logFile);
    if (identity !== undefined) {
      this.#record = { ...identity, command: this.#commandLine() };
      this.#recording = this.#remember(this.#record, begin);
    }
    const outcome = await ended;
    this.#record = undefined;
    this.#wake();
    await this.#recording;
    return outcome;
  }

  /**
   * Writes the record by which the next controller finds the process, and lets its program begin. While there is no space for a
   * record the program runs without, and it is tried again and again.
   */
  async #remember(record: ProcessRecord, begin: () => void): Promise<void> {
    for (let isFirst = true; this.#record === record && !this.#stopping; isFirst = false) {
      const reason = await writeRecord(this.#spec.recordFile, record).then(() => undefined, describeError);
      if (isFirst) {
        begin();
        this.#log.info({ pid: record.pid }, 'process started');
        this.#begun.resolve();
      }
      if (reason === undefined) return;
      if (isFirst) {
        this.#log.error(
          { reason, pid: record.pid },
          'process cannot be recorded: a controller that is killed now would not find it again',
        );
      }
      await this.#pause(RECORD_AGAIN);
    }
  }

  #commandLine(): string {
    return JSON.stringify([this.#spec.command, ...this.#spec.args]);
  }

  async #pause(ms: number): Promise<void> {
    await Promise.race([sleep(ms, undefined, { ref: false }), new Promise<void>((resolve) => (this.#wake = resolve))]);
  }
}

/** How many ends in a row one is, after so many before it, of a program that ran for so many milliseconds. */
export function failuresInRow(before: number, ran: number): number {
  return ran > STEADY ? 1 : before + 1;
}

/** The pause before a restart after so many failures in a row. Milliseconds. */
export function pauseAfter(failures: number): number {
  return Math.min(FIRST_BACK_OFF * 2 ** (failures - 1), LONGEST_BACK_OFF);
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Ends a process: SIGTERM, and SIGKILL after `graceMs`. Resolves when it is gone. */
export async function end(record: ProcessRecord, graceMs: number): Promise<void> {
  if (!runs(record)) return;
  send('SIGTERM', record.pid);
  // A process that was stopped would not see it.
  send('SIGCONT', record.pid);
  const deadline = Date.now() + graceMs;
  while (runs(record)) {
    if (Date.now() >= deadline) send('SIGKILL', record.pid);
    await sleep(10);
  }
}

function send(name: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}
