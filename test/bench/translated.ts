import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from '#deploy/setup/node24.mjs';
import { isJsonObject, type JsonObject, type JsonValue, mapObjects, objectsOf, parseJson } from './json.ts';

/** The messages that resources are, by kind. */
export const MESSAGES = {
  listener: 'envoy.config.listener.v3.Listener',
  route: 'envoy.config.route.v3.RouteConfiguration',
  cluster: 'envoy.config.cluster.v3.Cluster',
  endpoint: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
} as const;

/** The resources of one proxy in proto JSON, as `sluice translate --to xds` shows them, without their `@type`. */
export type Translated = { readonly [K in keyof typeof MESSAGES]: readonly JsonObject[] };

const run = promisify(execFile);
const LARGEST_OUTPUT = 1024 * 1024 * 1024;

/** What Sluice makes of a folder of manifests with one Gateway, its listener moved to another port. */
export async function translated(folder: string, port: number): Promise<Translated> {
  const args = ['controller/cli/sluice.mjs', 'translate', folder, '--to', 'xds', '-o', 'json'];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, maxBuffer: LARGEST_OUTPUT });
  const dump = parseJson(stdout);
  const of = (kind: keyof typeof MESSAGES): JsonObject[] => resourcesOf(dump, `type.googleapis.com/${MESSAGES[kind]}`);
  const listeners = mapObjects(of('listener'), (object) =>
    isJsonObject(object['socket_address'])
      ? { ...object, socket_address: { ...object['socket_address'], port_value: port } }
      : object,
  );
  const content = {
    listener: objectsOf(listeners),
    route: of('route'),
    cluster: of('cluster'),
    endpoint: of('endpoint'),
  };
  if (content.listener.length === 0) throw new Error(`translate ${folder}: no listener in the output`);
  return content;
}

/** Every message of a type in a config dump (`envoy.admin.v3.ConfigDump`), the outermost ones. */
function resourcesOf(value: JsonValue, url: string): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap((element) => resourcesOf(element, url));
  if (!isJsonObject(value)) return [];
  const { '@type': type, ...rest } = value;
  return type === url ? [rest] : Object.values(rest).flatMap((child) => resourcesOf(child, url));
}
