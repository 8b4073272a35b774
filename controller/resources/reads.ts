import type { KindName } from '#controller/api/gen/types.d.ts';
import type { ChangedNames } from './change-log.ts';
import type { ClosingKind } from './closed-object.ts';
import type { ReadKind, Resources } from './resources.ts';
import type { DocumentWant, ModuleWant, Want } from './wants.ts';

/**
 * Something that was read, and what it was. Data and no function: what is remembered for long must not keep alive what
 * happened to be around when it was made.
 */
export type Read = { readonly value: object | string | undefined } & (
  | { readonly ask: 'get'; readonly kind: KindName; readonly namespace: string; readonly name: string }
  | { readonly ask: 'list' | 'pieces'; readonly kind: KindName }
  | { readonly ask: 'slices'; readonly kind: 'EndpointSlice'; readonly namespace: string; readonly owner: string }
  | { readonly ask: 'grants'; readonly kind: 'ReferenceGrant'; readonly namespace: string }
  | { readonly ask: 'tls'; readonly kind: 'BackendTLSPolicy'; readonly namespace: string; readonly target: string }
  | { readonly ask: 'document'; readonly kind: 'Answer'; readonly want: DocumentWant }
  | { readonly ask: 'module'; readonly kind: 'Answer'; readonly want: ModuleWant }
  | { readonly ask: 'failure'; readonly kind: 'Answer'; readonly want: Want }
  | { readonly ask: 'invalid'; readonly kind: 'InvalidPolicy' }
  | { readonly ask: 'closed'; readonly kind: 'ClosedObject'; readonly of: ClosingKind }
);

/** Whether it still reads the same. */
export function isUnchanged(read: Read, resources: Resources): boolean {
  switch (read.ask) {
    case 'get':
      return resources.get(read.kind, read.namespace, read.name) === read.value;
    case 'list':
      return resources.list(read.kind) === read.value;
    case 'pieces':
      return resources.pieces(read.kind) === read.value;
    case 'slices':
      return resources.endpointSlices(read.namespace, read.owner) === read.value;
    case 'grants':
      return resources.referenceGrants(read.namespace) === read.value;
    case 'tls':
      return resources.tlsPolicies(read.namespace, read.target) === read.value;
    case 'document':
      return resources.document(read.want) === read.value;
    case 'module':
      return resources.module(read.want) === read.value;
    case 'failure':
      return resources.failure(read.want) === read.value;
    case 'invalid':
      return resources.invalidPolicies() === read.value;
    case 'closed':
      return resources.closed(read.of) === read.value;
    default:
      return read satisfies never;
  }
}

/** Whether it may read otherwise after these names of its kind changed; any may have where that is not known. */
export function mayDiffer(read: Read, changed: ChangedNames | undefined): boolean {
  if (changed === undefined) return true;
  switch (read.ask) {
    case 'get':
      return changed.get(read.namespace)?.has(read.name) === true;
    case 'slices':
      return changed.get(read.namespace)?.has(read.owner) === true;
    case 'tls':
      return changed.get(read.namespace)?.has(read.target) === true;
    case 'grants':
      return changed.has(read.namespace);
    default:
      return true;
  }
}

/** Resources that note what is read from them. */
export interface Recording extends Resources {
  /** What was read, each thing once. */
  readonly noted: Set<Read>;
}

/** Whether these resources note what is read. */
export function isRecording(resources: Resources): resources is Recording {
  return 'noted' in resources;
}

/** Resources that note what is read from them, and read from others. */
export function recordingOf(resources: Resources): Recording {
  const noted = new Set<Read>();
  return {
    noted,
    now: () => resources.now(),
    versionOf: (kind: ReadKind) => resources.versionOf(kind),
    changedSince: (kind, version) => resources.changedSince(kind, version),
    get: (kind, namespace, name) => {
      const value = resources.get(kind, namespace, name);
      noted.add(shared(value, { ask: 'get', kind, namespace, name, value }));
      return value;
    },
    list: (kind) => {
      const value = resources.list(kind);
      noted.add(shared(value, { ask: 'list', kind, value }));
      return value;
    },
    pieces: (kind) => {
      const value = resources.pieces(kind);
      noted.add(shared(value, { ask: 'pieces', kind, value }));
      return value;
    },
    endpointSlices: (namespace, owner) => {
      const value = resources.endpointSlices(namespace, owner);
      noted.add({ ask: 'slices', kind: 'EndpointSlice', namespace, owner, value });
      return value;
    },
    referenceGrants: (namespace) => {
      const value = resources.referenceGrants(namespace);
      noted.add({ ask: 'grants', kind: 'ReferenceGrant', namespace, value });
      return value;
    },
    tlsPolicies: (namespace, target) => {
      const value = resources.tlsPolicies(namespace, target);
      noted.add({ ask: 'tls', kind: 'BackendTLSPolicy', namespace, target, value });
      return value;
    },
    document: (want) => {
      const value = resources.document(want);
      noted.add({ ask: 'document', kind: 'Answer', want, value });
      return value;
    },
    module: (want) => {
      const value = resources.module(want);
      noted.add({ ask: 'module', kind: 'Answer', want, value });
      return value;
    },
    failure: (want) => {
      const value = resources.failure(want);
      noted.add({ ask: 'failure', kind: 'Answer', want, value });
      return value;
    },
    invalidPolicies: () => {
      const value = resources.invalidPolicies();
      noted.add({ ask: 'invalid', kind: 'InvalidPolicy', value });
      return value;
    },
    closed: (kind) => {
      const value = resources.closed(kind);
      noted.add({ ask: 'closed', kind: 'ClosedObject', of: kind, value });
      return value;
    },
  };
}

const reads = new WeakMap<object, Read>();

/** The same read for the same value: an object has one name, and a list is of one kind. Thousands of routes read the same. */
function shared(value: object | undefined, read: Read): Read {
  if (value === undefined) return read;
  const known = reads.get(value);
  if (known !== undefined) return known;
  reads.set(value, read);
  return read;
}
