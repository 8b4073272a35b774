import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { extProcClient, headersSet, message } from './testing/ext-proc-client.ts';
import { leaveStaleSocket } from './testing/stale-socket.ts';
import { tempFolder } from './testing/temp-folder.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

const PROCESSOR = `import { continueWith, defineProcessor } from 'sluice/extproc';
  export default defineProcessor({
    onRequestHeaders({ headers }) {
      if (headers.has('later')) setImmediate(() => { throw new Error('uncaught'); });
      if (headers.has('spin')) { process.stderr.write('"msg":"spinning"\\n'); for (;;); }
      if (headers.has('hang')) return new Promise(() => {});
    },
    onResponseHeaders: () => continueWith({ headers: { set: { 'x-from': 'child' } } }),
  });`;

interface Run {
  readonly child: ChildProcess;
  /** Everything on standard error, once the process is gone. */
  readonly errors: () => string;
  readonly exit: Promise<number | null>;
}

function run(args: readonly string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    child.emit('log', line);
  });
  const exit = once(child, 'close').then((): number | null => child.exitCode);
  return { child, errors: () => lines.join('\n'), exit };
}

/** Resolves when the log says so. */
async function logged({ child, errors }: Run, word: string): Promise<void> {
  while (!errors().includes(`"msg":"${word}"`)) await once(child, 'log');
}

async function processors(): Promise<Run & { socket: string; args: readonly string[] }> {
  const folder = await tempFolder();
  await writeFile(join(folder, 'all.ts'), PROCESSOR);
  await writeFile(join(folder, 'processors.yaml'), 'processors: [{module: ./all.ts}]\n');
  const socket = join(folder, 's', 'x.sock');
  const args = ['processors', '--socket', socket, join(folder, 'processors.yaml')];
  const started = run([...args, '--exit-with-stdin']);
  await logged(started, 'ready');
  return { ...started, socket, args };
}

describe('the command processors', () => {
  test('serves modules that import sluice/extproc, wherever they lie', async () => {
    const { socket } = await processors();
    expect(headersSet(await extProcClient(socket)().ask(message.responseHeaders()))).toEqual(['x-from: child']);
  });

  test('ends with 0 when its standard input closes, and takes its socket with it', async () => {
    const { child, exit, socket } = await processors();
    child.stdin?.end();
    expect(await exit).toBe(0);
    await expect(lstat(socket)).rejects.toThrow('ENOENT');
  });

  test('is gone when its standard input closes, though a processor never yields', async () => {
    const started = await processors();
    const stream = extProcClient(started.socket)();
    stream.send(message.requestHeaders({ spin: '1' }));
    await logged(started, 'spinning');
    started.child.stdin?.end();
    await started.exit;
    expect(started.child.signalCode).toBe('SIGKILL');
  });

  test('ends with 0 on SIGINT', async () => {
    const { child, exit } = await processors();
    child.kill('SIGINT');
    expect(await exit).toBe(0);
  });

  test('ends with 0 on SIGTERM, though a handler never answers', async () => {
    const started = await processors();
    const stream = extProcClient(started.socket)();
    stream.send(message.requestHeaders({ hang: '1' }));
    await extProcClient(started.socket)().ask(message.requestHeaders());
    started.child.kill('SIGTERM');
    expect(await started.exit).toBe(0);
    expect((await stream.ended).code).not.toBe(status.OK);
  });

  test('survives an error that a processor leaves uncaught', async () => {
    const started = await processors();
    const open = extProcClient(started.socket);
    await open().ask(message.requestHeaders({ later: '1' }));
    await logged(started, 'a processor left an error uncaught');
    expect((await open().ask(message.requestHeaders())).response.case).toBe('requestHeaders');
  });

  test('ends with 3 when another process has the socket, which keeps serving', async () => {
    const { socket, args } = await processors();
    const second = run(args);
    expect(await second.exit).toBe(3);
    expect(second.errors()).toContain(`another process listens on ${socket}`);
    expect((await extProcClient(socket)().ask(message.requestHeaders())).response.case).toBe('requestHeaders');
  });

  test('ends with 2 when its configuration is wrong, and says where', async () => {
    const config = join(await tempFolder(), 'processors.yaml');
    await writeFile(config, 'processors:\n  - modul: x\n');
    const wrong = run(['processors', config]);
    expect(await wrong.exit).toBe(2);
    expect(wrong.errors()).toContain('processors.yaml:2:5: unknown key');
  });

  test('ends with 2 when a module is no TypeScript, and says where', async () => {
    const module = join(await tempFolder(), 'greeting.ts');
    await writeFile(module, '\nconst = 1;\n');
    const wrong = run(['processors', module]);
    expect(await wrong.exit).toBe(2);
    expect(wrong.errors()).toContain(`(${module}:2)`);
  });
});

describe('the command sidecar', () => {
  test('takes the place of a process that was killed', async () => {
    const folder = await tempFolder();
    const socket = join(folder, 'x.sock');
    await leaveStaleSocket(socket);
    const args = ['--socket', socket, '--agent-socket', join(folder, 'c.sock'), '--modules', join(folder, 'm')];
    const started = run(['sidecar', ...args]);
    await logged(started, 'ready');
    const stream = extProcClient(socket)({ 'sluice-handler': 'ping' });
    expect((await stream.ask(message.requestHeaders())).response.case).toBe('requestHeaders');
    stream.finish();
    expect((await lstat(socket)).mode & 0o777).toBe(0o660);
    started.child.kill('SIGTERM');
    expect(await started.exit).toBe(0);
  });
});

test.each([
  [[], 'no command; accepted are sidecar, processors'],
  [['serve'], 'command is serve'],
  [['sidecar', '--modules', 'm'], '--agent-socket is missing'],
  [['processors', '--conf', 'x'], '--conf'],
  [['processors', 'x', '--log-level', 'loud'], '--log-level is loud; accepted are'],
])('the command line %j ends with 2', async (args, expected) => {
  const wrong = run(args);
  expect(await wrong.exit).toBe(2);
  expect(wrong.errors()).toContain(expected);
});
