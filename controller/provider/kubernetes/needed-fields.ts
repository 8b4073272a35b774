import { isObject } from '#controller/api/compile.ts';
import type { KindSchema } from '#controller/api/kind.ts';
import { pruned } from '#controller/api/prune.ts';
import { isOwnGroup } from '#controller/api/registry.ts';
import type { ApiObject } from '#controller/kubernetes/reflector.ts';
import { type JsonObject, pick } from '../json-object.ts';

/** What of metadata says anything here; who wrote which field when (managedFields) is most of many objects. */
const METADATA = ['name', 'namespace', 'uid', 'labels', 'generation', 'creationTimestamp', 'deletionTimestamp'];

/** Kinds of which annotations are read, or may be: all but these. */
const WITHOUT_ANNOTATIONS: ReadonlySet<string> = new Set(['EndpointSlice', 'Namespace', 'Secret', 'ConfigMap']);

/** What `kubectl apply` remembers in an object: the whole of it again. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Of kinds that others define: the fields of `spec`, or of the object where it has none, that are read. */
const FIELDS: { readonly [kind: string]: readonly string[] } = {
  Secret: ['type', 'data'],
  ConfigMap: ['data', 'binaryData'],
  EndpointSlice: ['addressType', 'endpoints', 'ports'],
  Namespace: [],
};

const SERVICE_FIELDS = [
  'type',
  'ports',
  'clusterIP',
  'clusterIPs',
  'ipFamilies',
  'externalName',
  'trafficDistribution',
];
const ENDPOINT_FIELDS = ['addresses', 'conditions', 'zone', 'hints'];

/**
 * An object with what is needed of it: no status, no history. Kinds of others lose what we do not know, so that a newer
 * cluster's objects are taken; in our own groups an unknown field stays and is refused.
 */
export function neededFields(kind: KindSchema, object: ApiObject): JsonObject {
  const { metadata, status: _, ...rest } = object;
  const annotations = metadata['annotations'];
  const kept = {
    ...pick(metadata, METADATA),
    ...(WITHOUT_ANNOTATIONS.has(kind.kind) || !isObject(annotations) ? {} : { annotations: without(annotations) }),
  };
  if (isOwnGroup(kind.group)) return { ...rest, metadata: kept };
  const known = pruned(kind.schema, { ...onlyRead(kind.kind, rest), metadata: kept });
  // Versions of old differ in nothing that is read; the schema has only one.
  return { ...(isObject(known) ? known : {}), apiVersion: object.apiVersion, kind: kind.kind };
}

function onlyRead(kind: string, { apiVersion, kind: name, ...object }: Omit<ApiObject, 'metadata'>): JsonObject {
  const whole = { apiVersion, kind: name };
  const fields = FIELDS[kind];
  const read = fields === undefined ? object : pick(object, fields);
  const { spec, endpoints } = read;
  if (kind === 'Service' && isObject(spec)) return { ...whole, spec: pick(spec, SERVICE_FIELDS) };
  if (kind !== 'EndpointSlice' || !Array.isArray(endpoints)) return { ...whole, ...read };
  const trimmed = endpoints.map((endpoint: unknown) =>
    isObject(endpoint) ? pick(endpoint, ENDPOINT_FIELDS) : endpoint,
  );
  return { ...whole, ...read, endpoints: trimmed };
}

function without(annotations: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => name !== LAST_APPLIED));
}
