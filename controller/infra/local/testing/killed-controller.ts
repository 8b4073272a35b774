/**
 * A controller in the life of one Envoy that is killed at a step: `node killed-controller.ts STATE_FOLDER STEP`. A step is the moment before
 * or after a call that changes something outside. What it did last is the last line that it prints: "done" where there are fewer steps.
 */
import childProcess from 'node:child_process';
import { mkdirSync, writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Daemon, type DaemonSpec } from '../daemon.ts';
import { proxyPaths } from '../state-folder.ts';

const [stateFolder = '', step = ''] = process.argv.slice(2);
const log = pino({ level: 'silent' });

function killAt(at: number): void {
  const kill = process.kill.bind(process);
  let steps = 0;
  const pass = (what: string): void => {
    writeSync(1, `${what}\n`);
    if (steps === at) kill(process.pid, 'SIGKILL');
    steps += 1;
  };
  const watch = (owner: object, name: string): void => {
    const real: unknown = Reflect.get(owner, name);
    if (typeof real !== 'function') throw new Error(`no function ${name}`);
    Reflect.set(owner, name, (...args: readonly unknown[]): unknown => {
      pass(`before ${name}`);
      const result: unknown = Reflect.apply(real, owner, args);
      if (result instanceof Promise) return result.finally(() => pass(`after ${name}`));
      pass(`after ${name}`);
      return result;
    });
  };
  for (const name of ['writeFile', 'rename', 'rm']) watch(fs, name);
  watch(childProcess, 'spawn');
  watch(process, 'kill');
  syncBuiltinESMExports();
}

/** The number of the process that is kept running, once it is another than the one before. */
async function started(daemon: Daemon, before?: number): Promise<number> {
  for (;;) {
    const { pid } = daemon;
    if (pid !== undefined && pid !== before) return pid;
    await sleep(5);
  }
}

/** Starts an Envoy, again when it has ended, and another in its place. */
async function live(): Promise<void> {
  const { folder, envoyRecord, leavingRecord } = proxyPaths(stateFolder, 'a/b');
  mkdirSync(folder, { recursive: true });
  const spec: DaemonSpec = {
    name: 'envoy',
    command: 'sleep',
    args: ['1000'],
    logFile: join(folder, 'envoy.log'),
    recordFile: envoyRecord,
  };
  const old = new Daemon(spec, log);
  await old.start();
  const pid = await started(old);
  process.kill(pid, 'SIGKILL');
  await started(old, pid);
  await old.retire(leavingRecord);
  const next = new Daemon(spec, log);
  await next.start();
  await old.stop(1_000);
  await next.stop(1_000);
}

killAt(Number(step));
await live();
writeSync(1, 'done\n');
