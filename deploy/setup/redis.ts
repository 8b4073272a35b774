/**
 * The Redis that tests count in: `REDIS_BIN`, else `redis-server` of the PATH, else the user's cache, else Debian's packages,
 * unpacked without being installed. Nothing but tests needs it.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { envoyCacheFolder } from './envoy-cache.ts';
import { type Log, logToStderr, withProgress } from './progress.ts';
import { SetupError } from './setup-error.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/** The path of a redis-server that can be started, or `undefined` while there is none. */
export function findRedis(env: NodeJS.ProcessEnv): string | undefined {
  const chosen = env['REDIS_BIN'] ?? '';
  if (chosen !== '') return existsSync(chosen) ? chosen : undefined;
  const installed = (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'redis-server'));
  return [...installed, cached(env)].find((path) => existsSync(path));
}

/** Unpacks Debian's redis-server into the user's cache where there is none. Throws a SetupError that says what failed. */
export async function ensureRedis(env: NodeJS.ProcessEnv, log: Log = logToStderr): Promise<string> {
  const found = findRedis(env);
  if (found !== undefined) return found;
  const path = cached(env);
  return withProgress("the Redis of the tests (Debian's redis-server)", log, () =>
    withTemporaryFolder(dirname(dirname(path)), async (work, interrupted) => {
      const made = await unpack(work, env, interrupted);
      mkdirSync(dirname(dirname(path)), { recursive: true });
      renameSync(made, dirname(path));
      return path;
    }),
  );
}

function cached(env: NodeJS.ProcessEnv): string {
  return join(dirname(dirname(envoyCacheFolder(env))), 'redis', process.arch, 'redis-server');
}

/** What the base of every system has. */
const NOT_NEEDED: ReadonlySet<string> = new Set(['libc6', 'adduser']);

/** apt with lists and a cache of its own needs no rights, and changes nothing of the system. */
async function unpack(work: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  const [lists, cache, made] = [join(work, 'lists'), join(work, 'cache'), join(work, 'redis')];
  for (const folder of [join(lists, 'partial'), join(cache, 'archives', 'partial'), made]) {
    mkdirSync(folder, { recursive: true });
  }
  const own = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${cache}`, '-o', 'Debug::NoLocking=1'];
  const run = (command: string, ...args: readonly string[]): Promise<string> =>
    output(command, args, { cwd: work, env, signal });
  await run('apt-get', ...own, '-o', 'APT::Sandbox::User=', 'update');
  const depends = await run('apt-cache', ...own, 'depends', 'redis-tools');
  const libraries = [...depends.matchAll(/^ *\|?Depends: (\S+)$/gmu)].map(([, name = '']) => name);
  const packages = ['redis-server', 'redis-tools', ...libraries.filter((name) => !NOT_NEEDED.has(name))];
  await run('apt-get', ...own, '-o', 'APT::Sandbox::User=', 'download', ...packages);
  for (const file of globSync('*.deb', { cwd: work })) await run('dpkg-deb', '-x', file, made);
  const start = join(made, 'redis-server');
  writeFileSync(start, STARTER);
  chmodSync(start, 0o755);
  return made;
}

/** Starts what lies beside it with the libraries that lie beside it. */
const STARTER = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu "$here"/lib/*-linux-gnu | tr ' ' ':') exec "$here/usr/bin/redis-server" "$@"
`;

async function output(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [said, complaint] = [text(child.stdout), text(child.stderr)];
  const code = await new Promise<number | string | null>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', done);
  });
  if (code === 0) return said;
  const reason = typeof code === 'string' ? code : (await complaint).trim().split('\n').slice(-3).join('\n');
  throw new SetupError(
    `the Redis of the tests cannot be had: ${command}: ${reason}\n` +
      "It takes Debian's packages through apt-get, or REDIS_BIN=/path/to/redis-server",
  );
}
