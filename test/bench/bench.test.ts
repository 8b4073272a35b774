import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '#deploy/setup/node24.mjs';
import type { Result } from './result.ts';

/** Not those of a benchmark that somebody runs by hand. */
const PORTS = '24500';

describe('the benchmark, with so few routes that it takes seconds', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('measures every part, loses no request, and writes both files', async () => {
    const args = ['test/bench/main.ts', '--quick', '--ports', PORTS, '--out', folder];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(said).not.toContain('failed');
    expect(code).toBe(0);
    const results: readonly Result[] = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
    expect(results.filter(({ ours }) => !Number.isFinite(ours))).toEqual([]);
    expect(results.find(({ id }) => id === 'a/chain/proxied')).toMatchObject({ target: 'at least 0.98 of native' });
    expect(results.find(({ id }) => id === 'a/sidecar-calls')).toMatchObject({ ours: 0, met: true });
    expect(results.find(({ id }) => id === 'a/global-limit/calls')?.reference).toBeGreaterThan(900);
    expect(results.filter(({ id, n }) => id === 'b/start/ii' && n === 200)).toHaveLength(1);
    expect(results.filter(({ id, reference }) => id === 'c/edit/ii' && reference !== null)).toHaveLength(2);
    const losses = results.filter(({ id }) => /^d\/[^/]+$/u.test(id));
    expect(losses).toHaveLength(6);
    expect(losses.map(({ ours }) => ours)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('| met |');
  }, 900_000);
});
