import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ProxyPaths } from './bootstrap.ts';

/** Longest path of a Unix socket that Linux takes (`sun_path`, with its terminator). */
const LONGEST_SOCKET_PATH = 107;

/** Where the state of `sluice run` is kept when `--state-dir` does not say. */
export function defaultStateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return join(base, 'sluice');
}

/** The paths of a proxy under the state folder. A hash stands for its key: a socket's path must be short. */
export function proxyPaths(stateFolder: string, key: string): ProxyPaths {
  const folder = join(resolve(stateFolder), 'proxies', createHash('sha256').update(key).digest('hex').slice(0, 12));
  return {
    folder,
    xdsSocket: join(folder, 'xds.sock'),
    sidecarSocket: join(folder, 'sidecar.sock'),
    modules: join(folder, 'modules'),
    bootstrap: join(folder, 'bootstrap.json'),
    adminAddress: join(folder, 'admin-address'),
  };
}

/** Creates the state folder, for this user only. Returns what is wrong with it, or `undefined`. */
export async function prepareStateFolder(stateFolder: string): Promise<string | undefined> {
  const longest = proxyPaths(stateFolder, '').sidecarSocket;
  if (longest.length > LONGEST_SOCKET_PATH) {
    return `--state-dir ${stateFolder}: too long for Unix sockets: ${longest} has ${longest.length} characters, at most ${LONGEST_SOCKET_PATH} are accepted`;
  }
  try {
    await mkdir(resolve(stateFolder), { recursive: true, mode: 0o700 });
    return undefined;
  } catch (error) {
    return `--state-dir ${stateFolder}: cannot be created: ${error instanceof Error ? error.message : String(error)}`;
  }
}
