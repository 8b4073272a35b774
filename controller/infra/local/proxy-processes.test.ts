import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EnvoyProxy } from '#controller/api/gen/types.d.ts';
import type { ProxyPaths } from './bootstrap.ts';
import { listenersOf } from './envoy-admin.ts';
import { parseRecord, type ProcessRecord, runs, startTimeOf, writeRecord } from './process-record.ts';
import { type ProxyProcesses, startProxyProcesses } from './proxy-processes.ts';
import { proxyPaths } from './state-folder.ts';

/**
 * Stands for Envoy: it takes every bootstrap, serves one listener, at once or when there is no file `not-yet` beside it, and has
 * nothing in hand.
 */
const ENVOY = `#!${process.execPath}
if (process.argv.includes('--mode')) process.exit(0);
const file = process.argv[process.argv.indexOf('--admin-address-path') + 1];
const active = () => process.argv.includes('--config-path') && require('node:fs').existsSync(__dirname + '/not-yet') ? 0 : 1;
const stats = () => 'listener_manager.total_listeners_active: ' + active() + '\\n' +
  'listener_manager.total_listeners_warming: 0\\nlistener_manager.listener_create_success: 1\\nserver.concurrency: 1\\n';
const server = require('node:http').createServer((_, response) => response.end(stats()));
server.listen(0, '127.0.0.1', () => require('node:fs').writeFileSync(file, '127.0.0.1:' + server.address().port));
`;

let folder: string;
let paths: ProxyPaths;
let started: ProxyProcesses;
let log: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sl-'));
  log = '';
  paths = proxyPaths(folder, 'a/b');
  writeFileSync(join(folder, 'envoy'), ENVOY, { mode: 0o700 });
  writeFileSync(join(folder, 'sidecar.js'), 'setInterval(() => {}, 1000);\n');
  started = await start();
  await serves();
});

afterEach(async () => {
  await started.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(): Promise<ProxyProcesses> {
  const sidecar = join(folder, 'sidecar.js');
  const programs = { envoy: join(folder, 'envoy'), node: process.execPath, extproc: sidecar, sidecar };
  return startProxyProcesses('a/b', paths, programs, pino({}, { write: (line) => void (log += line) }));
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(10);
  }
}

const serves = (): Promise<void> => until('it serves', async () => (await listenersOf(paths.adminAddress)) === 1);

const proxy = (concurrency: number): EnvoyProxy => ({
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'EnvoyProxy',
  metadata: { name: 'config', namespace: 'a', generation: 1 },
  spec: { concurrency, logging: { level: { default: 'warn' } } },
});

/** The Envoy that is to run, where it is on record. */
function envoy(): ProcessRecord | undefined {
  try {
    const record = parseRecord(readFileSync(paths.envoyRecord, 'utf8'));
    return record !== undefined && runs(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function killed(): number {
  const pid = started.envoyPid ?? 0;
  process.kill(pid, 'SIGKILL');
  return pid;
}

const runsWith = (concurrency: number): boolean =>
  envoy()?.command.includes(`"--concurrency","${concurrency}"`) === true;

describe('the Envoy of a proxy', () => {
  it('is counted once for each restart, also while another takes its place', async () => {
    const first = killed();
    await until('another runs', () => started.envoyPid !== undefined && started.envoyPid !== first);
    await serves();
    const counts = new Set<number>();
    started.want(proxy(1));
    while (!runsWith(1)) {
      counts.add(started.restarts.envoy);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...counts, started.restarts.envoy]).toEqual([1, 1]);
  });

  // A folder in the place of a file stands for a disk that has no space for it.
  it.each([
    ['the bootstrap that Envoy is asked about', () => `${paths.bootstrap}.candidate`],
    ['its bootstrap', () => `${paths.bootstrap}.new`],
    ['its arguments', () => `${paths.launch}.new`],
    ['the address of the one that leaves', () => paths.leavingAdminAddress],
    ['the record of the one that leaves', () => `${paths.leavingRecord}.new`],
  ])('that cannot be changed, as %s cannot be written, is kept running, and changed later', async (_, fileOf) => {
    const file = fileOf();
    mkdirSync(file);
    const before = started.envoyPid;
    started.want(proxy(1));
    await until('it is told', () => log.includes('could not be started as it is to run'));
    expect(started.envoyPid).toBe(before);
    const gone = killed();
    await until('another runs', () => started.envoyPid !== undefined && started.envoyPid !== gone);
    rmdirSync(file);
    await until('it is changed', () => runsWith(1));
    await until('the one before has gone', () => !existsSync(paths.leavingRecord));
  });

  it('runs as it did where how it is to run cannot be put in place, until it can', async () => {
    rmSync(paths.launch);
    mkdirSync(paths.launch);
    const before = started.envoyPid;
    started.want(proxy(1));
    await until('another takes its place', () => started.envoyPid !== undefined && started.envoyPid !== before);
    expect(runsWith(1)).toBe(false);
    rmdirSync(paths.launch);
    await until('it is changed', () => runsWith(1));
    killed();
    await until('it is started again', () => runsWith(1));
  });

  it('becomes what was said last, where it could not become what was said before', async () => {
    const file = `${paths.bootstrap}.candidate`;
    mkdirSync(file);
    started.want(proxy(1));
    await until('it is told', () => log.includes('could not be started as it is to run'));
    started.want(proxy(2));
    rmdirSync(file);
    await until('it is changed', () => runsWith(2));
  });

  it('that an earlier controller left in the middle of a change goes only once the other serves', async () => {
    await started.stop();
    const command = join(folder, 'envoy');
    const { pid = 0 } = spawn(command, ['--admin-address-path', paths.leavingAdminAddress], { stdio: 'ignore' });
    const left = { pid, startTime: startTimeOf(pid) ?? '', command };
    await writeRecord(paths.leavingRecord, left);
    await until('it serves', async () => (await listenersOf(paths.leavingAdminAddress)) === 1);
    writeFileSync(join(folder, 'not-yet'), '');
    started = await start();
    await until('another runs', () => existsSync(paths.adminAddress));
    expect(runs(left)).toBe(true);
    rmSync(join(folder, 'not-yet'));
    await until('it has gone', () => !runs(left));
    await until('nothing is left of it', () => !existsSync(paths.leavingAdminAddress));
    expect(existsSync(paths.leavingRecord)).toBe(false);
    expect(log).not.toContain('ended all the same');
    await serves();
  });

  it('that was not yet retired when its controller was killed is kept', async () => {
    await until('it is on record', () => envoy() !== undefined);
    const pid = started.envoyPid;
    copyFileSync(paths.envoyRecord, paths.leavingRecord);
    const next = await start();
    expect(next.envoyPid).toBe(pid);
    expect(existsSync(paths.leavingRecord)).toBe(false);
    await Promise.all([started.stop(), next.stop()]);
    started = await start();
  });
});

describe('a proxy that cannot be started, as its bootstrap cannot be written', () => {
  it('leaves nobody who keeps its sidecar running', async () => {
    await started.stop();
    mkdirSync(`${paths.bootstrap}.new`);
    await expect(start()).rejects.toThrow('EISDIR');
    await sleep(300);
    expect(existsSync(paths.sidecarRecord)).toBe(false);
    rmdirSync(`${paths.bootstrap}.new`);
    started = await start();
    await serves();
    expect(existsSync(paths.sidecarRecord)).toBe(true);
  });
});
