import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { endOrphans } from './orphans.ts';

const CONTROLLER = join(import.meta.dirname, 'testing', 'killed-controller.ts');

let stateFolder: string;

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'sl-killed-'));
});

afterEach(() => {
  for (const pid of left()) process.kill(pid, 'SIGKILL');
  rmSync(stateFolder, { recursive: true, force: true });
});

/** The processes that run and that a controller of this state folder has started: they have what is in its environment. */
function left(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((name) => environmentOf(name).includes(`SLUICE_TEST=${stateFolder}\0`))
    .map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

/** Runs a controller until it is killed at a step; gives what it did last. */
function kill(step: number): string {
  const { stdout, stderr } = spawnSync(process.execPath, [CONTROLLER, stateFolder, String(step)], {
    env: { ...process.env, SLUICE_TEST: stateFolder },
    encoding: 'utf8',
  });
  return stdout.trimEnd().split('\n').at(-1) ?? stderr;
}

it('a controller that is killed, at whichever step, leaves no process that the next one does not find', async () => {
  const steps: string[] = [];
  let found = 0;
  for (let last = ''; last !== 'done';) {
    last = kill(steps.length);
    steps.push(last);
    found += left().length;
    await endOrphans(stateFolder, new Set(), pino({ level: 'silent' }));
    await expect.poll(left, { timeout: 20_000, message: `killed ${last}, step ${steps.length}: left is` }).toEqual([]);
  }
  expect(steps.filter((what) => what === 'after spawn')).toHaveLength(3);
  expect(found).toBeGreaterThan(0);
});
