/**
 * Programs of Debian's that tests and benchmarks start: the one that a variable names, else that of the PATH, else the user's cache,
 * else Debian's packages, unpacked without being installed. Who only runs the gateway needs none.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { envoyCacheFolder } from './envoy-cache.ts';
import { type Log, logToStderr, withProgress } from './progress.ts';
import { SetupError } from './setup-error.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/** A program that Debian packages. */
export interface DebianProgram {
  /** Its file in /usr/bin or /usr/sbin. */
  readonly name: string;
  /** What it is here for, in messages. */
  readonly title: string;
  /** Variable of the environment that may name another file. */
  readonly variable: string;
  /** Its package, the package that has the program when it is another one, and what these need beyond their own libraries. */
  readonly packages: readonly [string, ...string[]];
}

/** The Redis that tests count in. */
export const REDIS: DebianProgram = {
  name: 'redis-server',
  title: 'the Redis of the tests',
  variable: 'REDIS_BIN',
  packages: ['redis-tools', 'redis-server'],
};

/** The load of the benchmark of filters. */
export const WRK: DebianProgram = {
  name: 'wrk',
  title: 'the load generator of the benchmark (wrk)',
  variable: 'WRK_BIN',
  packages: ['wrk'],
};

/** What the node of the test cluster leads connections to Services by. */
export const NFT: DebianProgram = {
  name: 'nft',
  title: 'the packet filter of the test cluster (nftables)',
  variable: 'NFT_BIN',
  packages: ['nftables', 'libnftables1', 'libnftnl11', 'libmnl0', 'libjansson4', 'libxtables12', 'libbsd0', 'libmd0'],
};

/** The path of a program that can be started, or `undefined` while there is none. */
export function findProgram({ name, variable }: DebianProgram, env: NodeJS.ProcessEnv): string | undefined {
  const chosen = env[variable] ?? '';
  if (chosen !== '') return existsSync(chosen) ? chosen : undefined;
  const installed = (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  return [...installed, cached(name, env)].find((path) => existsSync(path));
}

/** Unpacks Debian's packages into the user's cache where there is none. Throws a SetupError that says what failed. */
export async function ensureProgram(
  program: DebianProgram,
  env: NodeJS.ProcessEnv,
  log: Log = logToStderr,
): Promise<string> {
  const found = findProgram(program, env);
  if (found !== undefined) return found;
  const path = cached(program.name, env);
  return withProgress(program.title, log, () =>
    withTemporaryFolder(dirname(dirname(path)), async (work, interrupted) => {
      const made = await unpack(program, work, env, interrupted);
      mkdirSync(dirname(dirname(path)), { recursive: true });
      renameSync(made, dirname(path));
      return path;
    }),
  );
}

function cached(name: string, env: NodeJS.ProcessEnv): string {
  return join(dirname(dirname(envoyCacheFolder(env))), 'debian', process.arch, name, name);
}

/** What the base of every system has. */
const NOT_NEEDED: ReadonlySet<string> = new Set(['libc6', 'adduser']);

/** apt with lists and a cache of its own needs no rights, and changes nothing of the system. */
async function unpack(
  program: DebianProgram,
  work: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const [lists, cache, made] = [join(work, 'lists'), join(work, 'cache'), join(work, 'made')];
  for (const folder of [join(lists, 'partial'), join(cache, 'archives', 'partial'), made]) {
    mkdirSync(folder, { recursive: true });
  }
  const own = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${cache}`, '-o', 'Debug::NoLocking=1'];
  const run = (command: string, ...args: readonly string[]): Promise<string> =>
    output(program, command, args, { cwd: work, env, signal });
  await run('apt-get', ...own, '-o', 'APT::Sandbox::User=', 'update');
  const depends = await run('apt-cache', ...own, 'depends', program.packages[0]);
  const libraries = [...depends.matchAll(/^ *\|?Depends: (\S+)$/gmu)].map(([, name = '']) => name);
  const packages = [...program.packages, ...libraries.filter((name) => !NOT_NEEDED.has(name))];
  await run('apt-get', ...own, '-o', 'APT::Sandbox::User=', 'download', ...packages);
  for (const file of globSync('*.deb', { cwd: work })) await run('dpkg-deb', '-x', file, made);
  const start = join(made, program.name);
  writeFileSync(start, starter(program.name));
  chmodSync(start, 0o755);
  return made;
}

/** Starts what lies beside it with the libraries that lie beside it. */
function starter(name: string): string {
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu "$here"/lib/*-linux-gnu | tr ' ' ':') exec "$(ls "$here"/usr/*bin/${name})" "$@"
`;
}

async function output(
  { title, variable }: DebianProgram,
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
    `${title} cannot be had: ${command}: ${reason}\n` +
      `It takes Debian's packages through apt-get, or a program that ${variable} names`,
  );
}
