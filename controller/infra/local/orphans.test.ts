import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOrphans, isRecorded, proxyOf } from './orphans.ts';
import { startTimeOf, writeRecord } from './process-record.ts';
import { proxyPaths } from './state-folder.ts';

let stateFolder: string;

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'sl-orphans-'));
  mkdirSync(proxyPaths(stateFolder, 'a/b').folder, { recursive: true });
});

afterEach(() => rmSync(stateFolder, { recursive: true, force: true }));

const running = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', command: 'envoy' };

describe('an Envoy that an earlier controller left', () => {
  // The controller may have been killed before the one that takes its place was on record.
  it.each(['envoyRecord', 'leavingRecord'] as const)('is known by its %s', async (record) => {
    const paths = proxyPaths(stateFolder, 'a/b');
    expect(isRecorded(paths)).toBe(false);
    await writeRecord(paths[record], running);
    expect(isRecorded(paths)).toBe(true);
    expect(proxyOf(stateFolder, process.pid)).toBeDefined();
  });

  it.each(['envoyRecord', 'leavingRecord'] as const)('is none where the one of its %s has ended', async (record) => {
    const paths = proxyPaths(stateFolder, 'a/b');
    await writeRecord(paths[record], { ...running, startTime: '1' });
    expect(isRecorded(paths)).toBe(false);
  });
});

describe('the folder of a proxy', () => {
  // Its controller was killed before it had said whose it is, and the proxy is being started in it once more.
  it('with nothing in it is kept where there is such a Gateway, and removed where there is none', async () => {
    const { folder } = proxyPaths(stateFolder, 'a/b');
    await endOrphans(stateFolder, new Set(['a/b']), pino({ level: 'silent' }));
    expect(existsSync(folder)).toBe(true);
    await endOrphans(stateFolder, new Set(['a/c']), pino({ level: 'silent' }));
    expect(existsSync(folder)).toBe(false);
  });
});
