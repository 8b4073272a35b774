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
  return pathsIn(join(resolve(stateFolder), 'proxies', createHash('sha256').update(key).digest('hex').slice(0, 12)));
}

/** The paths of the proxy that has this folder. */
export function pathsIn(folder: string): ProxyPaths {
  return {
    folder,
    xdsSocket: join(folder, 'xds.sock'),
    sidecarSocket: join(folder, 'sidecar.sock'),
    modules: join(folder, 'modules'),
    bootstrap: join(folder, 'bootstrap.json'),
    adminAddress: join(folder, 'admin-address'),
    leavingAdminAddress: join(folder, 'leaving-admin-address'),
    envoyRecord: join(folder, 'envoy.process'),
    sidecarRecord: join(folder, 'sidecar.process'),
    leavingRecord: join(folder, 'leaving-envoy.process'),
    launch: join(folder, 'launch.json'),
  };
}

/** The key of the proxy that a bootstrap is of; `undefined` for a text that is no bootstrap of ours. */
export function nodeOf(bootstrapText: string): string | undefined {
  try {
    const value: unknown = JSON.parse(bootstrapText);
    if (typeof value !== 'object' || value === null || !('node' in value)) return undefined;
    const { node } = value;
    if (typeof node !== 'object' || node === null || !('id' in node)) return undefined;
    return typeof node.id === 'string' ? node.id : undefined;
  } catch {
    return undefined;
  }
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
