import { isObject } from '#controller/api/compile.ts';
import { convert } from '#controller/api/convert.ts';
import type { FieldPath } from '#controller/api/field-path.ts';
import type { KindName, Resource } from '#controller/api/gen/types.d.ts';
import type { KindSchema } from '#controller/api/kind.ts';
import { apiVersionOf, parseApiVersion } from '#controller/api/kind.ts';
import { nearest } from '#controller/api/nearest.ts';
import { findKind, isKindName, isOwnGroup, kindNamed, kindsOfGroup } from '#controller/api/registry.ts';
import { kinds } from '#controller/api/kinds.ts';
import { validate } from '#controller/api/validate.ts';
import { CLOSING_KINDS } from '../resources/closed-object.ts';
import { GUARDING_KINDS } from '../resources/invalid-policy.ts';
import { completed } from './complete.ts';
import { keyOf } from './key.ts';
import type { ProblemObject, ProblemReason, ResourceKey } from './provider.ts';

/** One thing that is wrong with a document: the field, and what was found and is accepted. */
export type Refusal = { readonly path: FieldPath; readonly message: string };

/** What becomes of a parsed document: a resource, a list of further documents, or why it is not served. */
export type Admission =
  | { readonly kind: 'resource'; readonly key: ResourceKey; readonly resource: Resource }
  | { readonly kind: 'list'; readonly items: readonly unknown[] }
  | {
      readonly kind: 'refused';
      readonly reason: Extract<ProblemReason, 'syntax' | 'invalid' | 'ignored'>;
      readonly object?: ProblemObject;
      readonly refusals: readonly Refusal[];
    };

/** Takes one parsed document in, as an API server would: kind, version, conversion, defaults, schema and rules. */
export function admit(document: unknown): Admission {
  if (!isObject(document)) {
    const found = Array.isArray(document) ? 'a list' : JSON.stringify(document);
    return refuse('syntax', [], `must be an object with apiVersion, kind and metadata, found ${found.slice(0, 60)}`);
  }
  const { apiVersion, kind } = document;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || kind === '') {
    const missing = typeof apiVersion === 'string' ? 'kind' : 'apiVersion';
    const known = Object.keys(document).slice(0, 5).join(', ');
    return refuse(
      'syntax',
      [],
      `must be a Kubernetes object: ${missing} is missing (found ${known === '' ? 'nothing' : known})`,
    );
  }
  const version = parseApiVersion(apiVersion);
  const object = describe(kind, document);
  if (version === undefined) {
    return refuse(
      'invalid',
      ['apiVersion'],
      `must be VERSION or GROUP/VERSION, found ${JSON.stringify(apiVersion)}`,
      object,
    );
  }
  if (kind === 'EnvoyGateway' && version.group === 'gateway.envoyproxy.io') {
    return refuse('ignored', ['kind'], 'EnvoyGateway is configuration, not a resource: give it with --config', object);
  }
  if (kind === 'List' && version.group === '') return list(document, object);
  const known = findKind(version.group, kind);
  if (known === undefined) return unknownKind(version.group, kind, object);
  return admitKnown(known, version.version, document);
}

function list(document: { readonly [key: string]: unknown }, object: ProblemObject): Admission {
  const items = document['items'];
  if (Array.isArray(items)) return { kind: 'list', items };
  return refuse('invalid', ['items'], 'must be a list of objects', object);
}

function unknownKind(group: string, kind: string, object: ProblemObject): Admission {
  const elsewhere = kindNamed(kind);
  const hint =
    elsewhere === undefined ? '' : `; ${kind} is in ${apiVersionOf(elsewhere.group, elsewhere.storageVersion)}`;
  if (!isOwnGroup(group) && !isMeantForUs(object)) {
    return refuse(
      'ignored',
      ['kind'],
      `${kind} of ${group === '' ? 'the core group' : group} is not used and is ignored${hint}`,
      object,
    );
  }
  const ofGroup = kindsOfGroup(group);
  const guess = nearest(kind, ofGroup);
  const words =
    ofGroup.length === 0 ? `${group} is no group of a kind that is known` : `known in ${group}: ${ofGroup.join(', ')}`;
  const message = `unknown kind ${kind}${guess === undefined ? '' : `; did you mean ${guess}?`} (${words}${hint})`;
  return refuse('invalid', ['kind'], message, object);
}

function admitKnown(kind: KindSchema, version: string, document: { readonly [key: string]: unknown }): Admission {
  const converted = convert(kind, version, document);
  const object = describe(kind.kind, document, kind);
  if (converted === undefined) {
    const accepted = kind.versions.map((name) => apiVersionOf(kind.group, name)).join(', ');
    const found = apiVersionOf(kind.group, version);
    return refuse(
      'invalid',
      ['apiVersion'],
      `unknown version ${found} of ${kind.kind} (accepted: ${accepted})`,
      object,
    );
  }
  if (!isKindName(kind.kind)) throw new Error(`kind ${kind.kind} has no type`);
  return admitAs(kind.kind, kind, converted, object);
}

function admitAs(
  name: KindName,
  kind: KindSchema,
  document: { readonly [key: string]: unknown },
  object: ProblemObject,
): Admission {
  const result = validate(name, asWritten(kind, document));
  if (!result.ok) return { kind: 'refused', reason: 'invalid', object, refusals: result.errors };
  const resource = completed(result.value);
  const { metadata } = resource;
  const namespace = 'namespace' in metadata ? metadata.namespace : '';
  return { kind: 'resource', key: keyOf(kind.group, kind.kind, namespace, metadata.name), resource };
}

/** Without status, which nobody may write, and without the namespace of a cluster-scoped object, which an API server clears too. */
function asWritten(kind: KindSchema, document: { readonly [key: string]: unknown }): unknown {
  const { status: _, ...rest } = document;
  if (kind.scope === 'Namespaced' || !isObject(rest['metadata'])) return rest;
  const { namespace: __, ...metadata } = rest['metadata'];
  return { ...rest, metadata };
}

/** What can be told of an object before it is validated. */
function describe(kindName: string, document: { readonly [key: string]: unknown }, kind?: KindSchema): ProblemObject {
  const metadata = isObject(document['metadata']) ? document['metadata'] : {};
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : undefined;
  const written = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : undefined;
  const namespace = kind === undefined ? written : kind.scope === 'Cluster' ? undefined : (written ?? 'default');
  return {
    kind: kindName,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(kind === undefined || name === undefined ? {} : { key: keyOf(kind.group, kindName, namespace ?? '', name) }),
    ...(kind === undefined ? meaning(kindName, document) : kind.kind === 'Secret' ? {} : { document }),
  };
}

/** The kinds whose objects close something when they cannot be served: nothing may be opened by a slip of the pen. */
const CLOSING: ReadonlySet<string> = new Set([...GUARDING_KINDS, ...CLOSING_KINDS]);

/** The kind that an object of no known group, kind and version was most likely meant to be, where that closes something. */
function meaning(kindName: string, document: ProblemDocument): Pick<ProblemObject, 'means' | 'document'> {
  const names = kinds.map(({ kind }) => kind);
  const means = kindNamed(kindName)?.kind ?? nearest(kindName, names);
  return means !== undefined && CLOSING.has(means) ? { means, document } : {};
}

type ProblemDocument = NonNullable<ProblemObject['document']>;

/** Whether an object of somebody else's group has one of our names, and targets or is attached to what is ours. */
function isMeantForUs({ kind, means, document }: ProblemObject): boolean {
  const spec = document?.['spec'];
  if (kind !== means || !isObject(spec)) return false;
  const refs = [spec['targetRef'], spec['targetRefs'], spec['targetSelectors'], spec['parentRef'], spec['parentRefs']];
  return refs.flat().some((ref: unknown) => {
    if (!isObject(ref)) return false;
    const { group = 'gateway.networking.k8s.io', kind: named = 'Gateway' } = ref;
    return group === 'gateway.networking.k8s.io' && typeof named === 'string' && kindNamed(named)?.group === group;
  });
}

function refuse(
  reason: Extract<ProblemReason, 'syntax' | 'invalid' | 'ignored'>,
  path: FieldPath,
  message: string,
  object?: ProblemObject,
): Admission {
  return { kind: 'refused', reason, refusals: [{ path, message }], ...(object === undefined ? {} : { object }) };
}
