import { isObject } from '#controller/api/compile.ts';
import type { ClusterClient } from '../cluster/control-plane.ts';
import { file } from './manifests.ts';
import type { World } from './world.ts';

/** How a namespace of a cluster takes objects: one after the other as they are listed, and away in the order turned around. */
export function objectsIn(cluster: ClusterClient, namespace: string): Pick<World, 'put' | 'remove'> {
  const known = new Map<string, readonly string[]>();
  return {
    put: async (name, objects) => {
      known.set(name, objects.map(nameOf));
      await cluster.apply(file(objects.map((object) => within(namespace, object))));
    },
    remove: async (name) => {
      const names = (known.get(name) ?? []).toReversed();
      await cluster.kubectl('delete', '-n', namespace, '--ignore-not-found', '--timeout=60s', ...names);
      known.delete(name);
    },
  };
}

function within(namespace: string, object: object): object {
  const metadata = 'metadata' in object && isObject(object.metadata) ? object.metadata : {};
  return { ...object, metadata: { ...metadata, namespace } };
}

/** As kubectl takes it: "<kind>.<group>/<name>". */
function nameOf(object: object): string {
  const { apiVersion, kind, metadata }: { readonly [field: string]: unknown } = { ...object };
  const [group = '', version] = String(apiVersion).split('/');
  const name = isObject(metadata) ? String(metadata['name']) : '';
  return `${String(kind).toLowerCase()}${version === undefined ? '' : `.${group}`}/${name}`;
}
