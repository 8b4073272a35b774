import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, REDIS } from '#deploy/setup/debian-program.ts';
import { freePort } from '#test/process/free-port.ts';

/** Whether tests against a real Redis can run; where CI is true they must. */
export const REDIS_IS_THERE = findProgram(REDIS, process.env) !== undefined || process.env['CI'] === 'true';

/** A real Redis of a test's own, which keeps nothing on disk. */
export interface RedisServer {
  readonly url: string;
  readonly process: ChildProcess;
  /** Ends it, and starts another that is empty, at the same address. */
  restart(): Promise<void>;
  /** Ends it as if its machine went down. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** What a Redis that speaks TLS alone shows, and whose certificates it wants to be shown; PEM. */
export interface RedisTls {
  readonly certificate: string;
  readonly key: string;
  /** Clients show a certificate that one of these has signed. */
  readonly clients: string;
}

/**
 * Starts a Redis; `password` is what it asks of clients, `host` the address that it is reached at. With `tls` its certificate
 * is of "localhost".
 */
export async function startRedis(password?: string, host = '127.0.0.1', tls?: RedisTls): Promise<RedisServer> {
  const binary = findProgram(REDIS, process.env);
  if (binary === undefined) throw new Error('there is no redis-server: run npm test once, or set REDIS_BIN');
  const folder = await mkdtemp(join(tmpdir(), 'sluice-redis-'));
  const port = await freePort();
  const listening = async (): Promise<readonly string[]> => {
    if (tls === undefined) return ['--port', String(port)];
    const files = Object.entries({ cert: tls.certificate, key: tls.key, 'ca-cert': tls.clients });
    for (const [name, text] of files) await writeFile(join(folder, name), text);
    const named = files.flatMap(([name]) => [`--tls-${name}-file`, join(folder, name)]);
    return ['--port', '0', '--tls-port', String(port), ...named];
  };
  const start = async (): Promise<ChildProcess> => {
    const own = [...(await listening()), '--bind', host, '--protected-mode', 'no', '--dir', folder];
    const args = [...own, '--save', '', '--appendonly', 'no'];
    const child = spawn(binary, [...args, ...(password === undefined ? [] : ['--requirepass', password])], {
      stdio: 'ignore',
    });
    await untilListening(port, host, child);
    return child;
  };
  let child = await start();
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  const user = password === undefined ? '' : `:${password}@`;
  return {
    url: tls === undefined ? `redis://${user}${host}:${port}` : `rediss://${user}localhost:${port}`,
    get process() {
      return child;
    },
    kill,
    restart: async () => {
      await kill();
      child = await start();
    },
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilListening(port: number, host: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, host, () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isThere) return;
    await sleep(20);
  }
  throw new Error('redis-server ended');
}
