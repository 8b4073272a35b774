import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Daemon, type DaemonSpec, failuresInRow, pauseAfter } from './daemon.ts';
import { activeRequests } from './envoy-admin.ts';
import { tailLines } from './log-tail.ts';
import { parseRecord, type ProcessRecord, runs } from './process-record.ts';

let folder: string;
const daemons: Daemon[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sl-daemon-'));
});

afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.stop(0)));
  rmSync(folder, { recursive: true, force: true });
});

/** Keeps `node -e SCRIPT` running, or another program. */
function keep(script: string, command = process.execPath): { readonly daemon: Daemon; readonly spec: DaemonSpec } {
  const spec = {
    name: 'test',
    command,
    args: ['-e', script],
    logFile: join(folder, 'test.log'),
    recordFile: join(folder, 'test.process'),
  };
  const daemon = new Daemon(spec, pino({ level: 'silent' }));
  daemons.push(daemon);
  void daemon.start();
  return { daemon, spec };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(10);
}

function recordOf({ recordFile }: DaemonSpec): ProcessRecord | undefined {
  try {
    return parseRecord(readFileSync(recordFile, 'utf8'));
  } catch {
    return undefined;
  }
}

const FOREVER = 'setInterval(() => {}, 1000)';

describe('a program that is kept running', () => {
  it('is started again when it ends, and counted', async () => {
    const { daemon } = keep('process.exit(1)');
    await until(() => daemon.restarts >= 2);
  });

  it('is taken over by the next controller, which ends it', async () => {
    const { daemon, spec } = keep(FOREVER);
    await until(() => recordOf(spec) !== undefined);
    const next = new Daemon(spec, pino({ level: 'silent' }));
    daemons.push(next);
    await next.start();
    await until(() => next.pid !== undefined);
    expect(next.pid).toBe(daemon.pid);
    const record = recordOf(spec);
    daemons.splice(daemons.indexOf(daemon), 1);
    await Promise.all([daemon.stop(1_000), next.stop(1_000)]);
    expect(record !== undefined && runs(record)).toBe(false);
  });

  it('is ended where nobody wants it any more while it is taken over', async () => {
    const { daemon, spec } = keep(FOREVER);
    await until(() => recordOf(spec) !== undefined);
    const record = recordOf(spec);
    // The controller that started it would start another in its place.
    await daemon.retire(`${spec.recordFile}.kept`);
    renameSync(`${spec.recordFile}.kept`, spec.recordFile);
    const next = new Daemon(spec, pino({ level: 'silent' }));
    void next.start();
    await next.stop(1_000);
    expect(record !== undefined && runs(record)).toBe(false);
    expect(recordOf(spec)).toBeUndefined();
  });

  it('is on record on a full disk, too, in place of the one that ended', async () => {
    const { daemon, spec } = keep(FOREVER);
    await until(() => recordOf(spec) !== undefined);
    const before = daemon.pid ?? 0;
    // A folder in the place of a file stands for a disk that has no space for it.
    mkdirSync(`${spec.recordFile}.new`);
    process.kill(before, 'SIGKILL');
    await until(() => daemon.pid !== undefined && daemon.pid !== before);
    const { pid } = daemon;
    await until(() => recordOf(spec)?.pid === pid);
  });

  it('runs without a record where there is space for none, and has one as soon as there is', async () => {
    mkdirSync(join(folder, 'test.process.new'));
    const began = join(folder, 'began');
    const { daemon, spec } = keep(`fs.writeFileSync(${JSON.stringify(began)}, ''); ${FOREVER}`);
    await until(() => existsSync(began));
    expect(recordOf(spec)).toBeUndefined();
    rmdirSync(`${spec.recordFile}.new`);
    await until(() => recordOf(spec)?.pid === daemon.pid);
  });

  it('that is not there is tried again, and its output says so', async () => {
    const { daemon, spec } = keep('', join(folder, 'none'));
    await until(() => daemon.restarts >= 1);
    expect(readFileSync(spec.logFile, 'utf8')).toContain(spec.command);
  });

  it('is not taken over when it runs with other arguments', async () => {
    const { daemon, spec } = keep(FOREVER);
    await until(() => recordOf(spec) !== undefined);
    const before = daemon.pid;
    await daemon.stop(1_000);
    const { daemon: next } = keep(`${FOREVER};0`);
    await until(() => next.pid !== undefined);
    expect(next.pid).not.toBe(before);
  });

  it('is killed when it does not end in time, also when it was stopped', async () => {
    const { daemon, spec } = keep(`process.on('SIGTERM', () => {}); ${FOREVER}`);
    await until(() => recordOf(spec) !== undefined);
    const record = recordOf(spec);
    process.kill(record?.pid ?? 0, 'SIGSTOP');
    await daemon.stop(50);
    expect(record !== undefined && runs(record)).toBe(false);
  });
});

describe('the pause before a restart', () => {
  it('doubles from 100 ms to 5 s', () => {
    expect([1, 2, 3, 6, 7, 100].map(pauseAfter)).toEqual([100, 200, 400, 3200, 5000, 5000]);
  });

  it('is the shortest again for a program that had run for more than ten seconds, however often it had ended before', () => {
    const pauses: number[] = [];
    let failures = 0;
    for (const ran of [50, 9_999, 10_000, 10_001, 60_000, 50]) {
      failures = failuresInRow(failures, ran);
      pauses.push(pauseAfter(failures));
    }
    expect(pauses).toEqual([100, 200, 400, 100, 100, 200]);
  });
});

describe('the log file of a process', () => {
  it('starts anew when it is too large, and its lines are passed on before and after', async () => {
    const file = join(folder, 'large.log');
    writeFileSync(file, '');
    const lines: string[] = [];
    const stop = await tailLines(file, (line) => lines.push(line), 20);
    writeFileSync(file, `${'a'.repeat(30)}\n`, { flag: 'a' });
    await until(() => lines.length === 1 && readFileSync(file, 'utf8') === '');
    writeFileSync(file, 'b\n', { flag: 'a' });
    await until(() => lines.length === 2);
    await stop();
    expect(lines).toEqual(['a'.repeat(30), 'b']);
    expect(readFileSync(`${file}.1`, 'utf8')).toBe(`${'a'.repeat(30)}\n`);
  });
});

describe('requests under way', () => {
  it('are those of every connection manager but the admin interface’s', () => {
    const stats =
      'http.admin.downstream_rq_active: 1\nhttp.http.downstream_rq_active: 2\nhttp.x.y.downstream_rq_active: 3\n';
    expect(activeRequests(stats)).toBe(5);
  });
});
