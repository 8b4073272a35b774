import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from '#deploy/setup/node24.mjs';
import { isJsonObject, type JsonObject, mapObjects, objectsOf, parseJson } from './json.ts';

/** The resources of one proxy in proto JSON, as `sluice translate --to xds` shows them. */
export interface Translated {
  readonly listener: readonly JsonObject[];
  readonly route: readonly JsonObject[];
  readonly cluster: readonly JsonObject[];
  readonly endpoint: readonly JsonObject[];
}

const run = promisify(execFile);
const LARGEST_OUTPUT = 1024 * 1024 * 1024;

/** What Sluice makes of a folder of manifests with one Gateway, its listener moved to another port. */
export async function translated(folder: string, port: number): Promise<Translated> {
  const args = ['controller/main.ts', 'translate', folder, '--to', 'xds', '-o', 'json'];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, maxBuffer: LARGEST_OUTPUT });
  const proxies = parseJson(stdout);
  const proxy = isJsonObject(proxies) ? Object.values(proxies)[0] : undefined;
  if (!isJsonObject(proxy)) throw new Error(`translate ${folder}: no proxy in the output`);
  const listeners = mapObjects(objectsOf(proxy['listener']), (object) =>
    isJsonObject(object['socket_address'])
      ? { ...object, socket_address: { ...object['socket_address'], port_value: port } }
      : object,
  );
  return {
    listener: objectsOf(listeners),
    route: objectsOf(proxy['route']),
    cluster: objectsOf(proxy['cluster']),
    endpoint: objectsOf(proxy['endpoint']),
  };
}
