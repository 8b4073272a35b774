import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoPorts, takePorts } from '#deploy/setup/demo-ports.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { freePort } from '../process/sluice.ts';

/** Ports that nobody has just now. */
async function freePorts(): Promise<DemoPorts> {
  for (;;) {
    const { ports } = takePorts(['--ports', String(Math.min(await freePort(), 65_000))]);
    const free = await Promise.all(Object.values(ports).map(isFree));
    if (free.every(Boolean)) return ports;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** What `npm start` shows, run as a user runs it: the printed lines, in a shell. */
describe('the demonstration', () => {
  const state = mkdtempSync(join(tmpdir(), 'sluice-'));
  let demo: ChildProcess;
  let lines: readonly string[];
  let ports: DemoPorts;
  let output = '';

  beforeAll(async () => {
    ports = await freePorts();
    demo = spawn(process.execPath, ['deploy/setup/demo.ts', '--ports', String(ports.gateway), '--state-dir', state], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    demo.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    while (!output.includes('Ctrl-C ends everything') && demo.exitCode === null) await sleep(50);
    lines = output.split('\n').filter((line) => line.startsWith('curl'));
  });
  afterAll(() => {
    demo.kill('SIGKILL');
    rmSync(state, { recursive: true, force: true });
  });

  const run = (line: string): string => execFileSync('bash', ['-c', line], { encoding: 'utf8' });

  it('prints lines that each begin with curl, and answers them as it says, in any order', () => {
    const answers = lines.toReversed().map((line) => run(line));
    expect(answers.map((answer) => answer.trimEnd().split('\n').at(-1))).toEqual(
      ['200', '200', '401', '403', '200', '500', '200', '429', '200'].toReversed(),
    );
  });

  it('tells the back-end who asks', () => {
    expect(run(lines[1] ?? '')).toContain('x-user: alice');
  });

  it('shows an answer that a processor wrote', () => {
    expect(run(lines[4] ?? '')).toContain('Hello, Ada!');
  });

  it('logs curl in as Ada, and tells the back-end', () => {
    expect(run(lines[8] ?? '')).toContain('x-user: Ada');
  });

  it('takes a changed file at once', async () => {
    const folder = /Change a file in (\S+) and ask again/u.exec(output)?.[1] ?? '';
    const file = join(folder, 'routes.yaml');
    const before = readFileSync(file, 'utf8');
    const served = async (): Promise<string | null> =>
      (await fetch(`http://127.0.0.1:${ports.gateway}/public`)).headers.get('x-served-by');
    expect(await served()).toBe('sluice');
    writeFileSync(file, before.replace('value: sluice', 'value: changed'));
    await expect.poll(served, { interval: 20 }).toBe('changed');
  });

  it('leaves no process and no socket behind when it is interrupted', async () => {
    const pids = globSync('**/*.process', { cwd: state }).map((file) => {
      const record: unknown = JSON.parse(readFileSync(join(state, file), 'utf8'));
      return typeof record === 'object' && record !== null && 'pid' in record ? Number(record.pid) : 0;
    });
    expect(pids.length).toBeGreaterThanOrEqual(5);
    const ended = new Promise((resolve) => demo.once('exit', resolve));
    demo.kill('SIGINT');
    expect(await Promise.race([ended, sleep(60_000, 'too late')])).toBe(0);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}/exe`))).toEqual([]);
    expect(globSync('**/*.sock', { cwd: state })).toEqual([]);
  });
});
