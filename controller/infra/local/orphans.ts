import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import type { ProxyPaths } from './bootstrap.ts';
import { drain } from './envoy-admin.ts';
import { end } from './daemon.ts';
import { parseRecord, type ProcessRecord, readRecord, runs } from './process-record.ts';
import { nodeOf, pathsIn, proxyPaths } from './state-folder.ts';
import { GRACE, LEAVE } from './envoy-launch.ts';

/**
 * Ends the proxies that an earlier controller left and whose Gateways are no more, and removes their folders. `serving` are
 * the keys of those that are.
 */
export async function endOrphans(stateFolder: string, serving: ReadonlySet<string>, log: Logger): Promise<void> {
  // By its name: a controller that was killed early has written nothing into it, and the proxy may be starting there right now.
  const kept = new Set([...serving].map((key) => basename(proxyPaths(stateFolder, key).folder)));
  const root = join(stateFolder, 'proxies');
  const orphans = namesIn(root).filter((name) => !kept.has(name));
  await Promise.all(
    orphans.map(async (name) => {
      const folder = join(root, name);
      const paths = pathsIn(folder);
      const key = nodeOf(textOf(paths.bootstrap)) ?? name;
      for (const file of [...recordsOfEnvoys(paths), paths.sidecarRecord]) {
        const record = await readRecord(file);
        if (record === undefined) continue;
        log.warn({ gateway: key, pid: record.pid }, 'process of a Gateway that is no more is ended');
        if (file === paths.envoyRecord) await drain(paths.adminAddress, LEAVE);
        await end(record, GRACE);
      }
      await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
        log.warn({ folder, err: error }, 'folder of a Gateway that is no more cannot be removed');
      });
    }),
  );
}

/** Whether an Envoy of a proxy runs, as far as there is a record of it: the one that is to, or one whose place another was to take. */
export function isRecorded(paths: ProxyPaths): boolean {
  return recordsIn(paths).some(runs);
}

/** The key of the proxy that the Envoy with this process number serves as; `undefined` for another process. */
export function proxyOf(stateFolder: string, pid: number): string | undefined {
  const root = join(stateFolder, 'proxies');
  for (const name of namesIn(root)) {
    const paths = pathsIn(join(root, name));
    if (recordsIn(paths).some((record) => record.pid === pid)) return nodeOf(textOf(paths.bootstrap)) ?? name;
  }
  return undefined;
}

function recordsIn(paths: ProxyPaths): readonly ProcessRecord[] {
  return recordsOfEnvoys(paths)
    .map((file) => parseRecord(textOf(file)))
    .filter((record) => record !== undefined);
}

/** An Envoy whose place another takes is on record in a file of its own. */
function recordsOfEnvoys({ leavingRecord, envoyRecord }: ProxyPaths): readonly string[] {
  return [leavingRecord, envoyRecord];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
