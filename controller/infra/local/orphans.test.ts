import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRecorded, proxyOf } from './orphans.ts';
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
  it.each(['envoy.process', 'leaving-envoy.process'])('is known by %s', async (name) => {
    const paths = proxyPaths(stateFolder, 'a/b');
    expect(isRecorded(paths)).toBe(false);
    await writeRecord(join(paths.folder, name), running);
    expect(isRecorded(paths)).toBe(true);
    expect(proxyOf(stateFolder, process.pid)).toBeDefined();
  });

  it.each(['envoy.process', 'leaving-envoy.process'])('is none where the one of %s has ended', async (name) => {
    const paths = proxyPaths(stateFolder, 'a/b');
    await writeRecord(join(paths.folder, name), { ...running, startTime: '1' });
    expect(isRecorded(paths)).toBe(false);
  });
});
