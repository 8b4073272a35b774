import type { ReadKind, Resources } from './resources.ts';
import { distinctWants, type Want } from './wants.ts';

/** Something that was read, and whether it still reads the same. */
interface Read {
  readonly kind: ReadKind;
  /** What was asked for by reading it. */
  readonly want?: Want;
  readonly isUnchanged: (resources: Resources) => boolean;
}

/** What was computed, and from what. */
interface Memory<R> {
  readonly reads: readonly Read[];
  /** The version that each kind had when the reads were compared last: while it has it, they need not be. */
  readonly versions: { readonly kind: Read['kind']; at: number }[];
  readonly result: R;
}

/** Resources that note what is read from them. */
interface Recording extends Resources {
  readonly noted: Read[];
}

/**
 * Remembers the result of `compute` for each input object, and computes it again only when something it read from the
 * resources has changed. `compute` must be pure and must read through the resources it is given.
 */
export function remembered<T extends object, R>(
  compute: (input: T, resources: Resources) => R,
): (input: T, resources: Resources) => R {
  const results = new WeakMap<T, Memory<R>>();
  return (input, resources) => recall(results, input, resources, (now) => compute(input, now));
}

/** The same for what depends on two objects: on an input, and on a context that many inputs share. */
export function rememberedIn<T extends object, C extends object, R>(
  compute: (input: T, context: C, resources: Resources) => R,
): (input: T, context: C, resources: Resources) => R {
  const contexts = new WeakMap<C, WeakMap<T, Memory<R>>>();
  return (input, context, resources) => {
    let results = contexts.get(context);
    if (results === undefined) {
      results = new WeakMap();
      contexts.set(context, results);
    }
    return recall(results, input, resources, (now) => compute(input, context, now));
  };
}

/** What was asked for by everything that was read through these resources so far. */
export function wantsAsked(resources: Resources): readonly Want[] {
  if (!isRecording(resources)) return [];
  return distinctWants(resources.noted.flatMap(({ want }) => (want === undefined ? [] : [want])));
}

function recall<T extends object, R>(
  results: WeakMap<T, Memory<R>>,
  input: T,
  resources: Resources,
  compute: (resources: Resources) => R,
): R {
  const known = results.get(input);
  if (known !== undefined && isCurrent(known, resources)) {
    // Whoever remembers what is computed from this must compare the same.
    if (isRecording(resources)) resources.noted.push(...known.reads);
    return known.result;
  }
  const recording = recordingOf(resources);
  const result = compute(recording);
  const kinds = new Set(recording.noted.map(({ kind }) => kind));
  const versions = [...kinds].map((kind) => ({ kind, at: resources.versionOf(kind) }));
  results.set(input, { reads: recording.noted, versions, result });
  if (isRecording(resources)) resources.noted.push(...recording.noted);
  return result;
}

function isCurrent(memory: Memory<unknown>, resources: Resources): boolean {
  let isUntouched = true;
  for (const { kind, at } of memory.versions) {
    if (resources.versionOf(kind) !== at) isUntouched = false;
  }
  if (isUntouched) return true;
  for (const read of memory.reads) if (!read.isUnchanged(resources)) return false;
  for (const version of memory.versions) version.at = resources.versionOf(version.kind);
  return true;
}

function isRecording(resources: Resources): resources is Recording {
  return 'noted' in resources;
}

function recordingOf(resources: Resources): Recording {
  const noted: Read[] = [];
  return {
    noted,
    versionOf: (kind) => resources.versionOf(kind),
    get: (kind, namespace, name) => {
      const value = resources.get(kind, namespace, name);
      noted.push({ kind, isUnchanged: (now) => now.get(kind, namespace, name) === value });
      return value;
    },
    list: (kind) => {
      const value = resources.list(kind);
      noted.push({ kind, isUnchanged: (now) => now.list(kind) === value });
      return value;
    },
    pieces: (kind) => {
      const value = resources.pieces(kind);
      noted.push({ kind, isUnchanged: (now) => now.pieces(kind) === value });
      return value;
    },
    endpointSlices: (namespace, service) => {
      const value = resources.endpointSlices(namespace, service);
      noted.push({ kind: 'EndpointSlice', isUnchanged: (now) => now.endpointSlices(namespace, service) === value });
      return value;
    },
    referenceGrants: (namespace) => {
      const value = resources.referenceGrants(namespace);
      noted.push({ kind: 'ReferenceGrant', isUnchanged: (now) => now.referenceGrants(namespace) === value });
      return value;
    },
    document: (want) => {
      const value = resources.document(want);
      noted.push({ kind: 'Answer', want, isUnchanged: (now) => now.document(want) === value });
      return value;
    },
    failure: (want) => {
      const value = resources.failure(want);
      noted.push({ kind: 'Answer', isUnchanged: (now) => now.failure(want) === value });
      return value;
    },
    invalidPolicies: () => {
      const value = resources.invalidPolicies();
      noted.push({ kind: 'InvalidPolicy', isUnchanged: (now) => now.invalidPolicies() === value });
      return value;
    },
  };
}
