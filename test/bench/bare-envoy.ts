import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findEnvoy } from '#deploy/setup/envoy.ts';
import { type Child, startChild } from './child.ts';
import type { JsonObject } from './json.ts';

/** Writes a bootstrap into `folder` and says where. */
export function writeBootstrap(folder: string, bootstrap: JsonObject): string {
  const path = join(folder, 'bootstrap.json');
  writeFileSync(path, JSON.stringify(bootstrap));
  return path;
}

/** Starts an Envoy of its own, with the flags that Sluice starts its with. */
export function startEnvoy(bootstrapPath: string, folder: string): Child {
  const envoy = findEnvoy(process.env);
  if (envoy.kind !== 'found') throw new Error('Envoy is missing although the set-up is done');
  return startChild(
    envoy.path,
    ['--config-path', bootstrapPath, '--log-level', 'warning', '--disable-hot-restart'],
    folder,
  );
}
