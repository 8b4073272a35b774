import type { ChangedNames } from './change-log.ts';
import { isRecording, isUnchanged, mayDiffer, type Read, recordingOf } from './reads.ts';
import type { ReadKind, Resources } from './resources.ts';
import { distinctWants, type Want } from './wants.ts';

/** What was computed, and from what. */
interface Memory<R> {
  readonly reads: readonly Read[];
  /** The version that each kind had when the reads were compared last: while it has it, they need not be. */
  readonly versions: { readonly kind: Read['kind']; at: number }[];
  readonly result: R;
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
  return distinctWants(
    [...resources.noted].flatMap((read) => (read.ask === 'document' || read.ask === 'module' ? [read.want] : [])),
  );
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
    if (isRecording(resources)) for (const read of known.reads) resources.noted.add(read);
    return known.result;
  }
  const recording = recordingOf(resources);
  const result = compute(recording);
  const reads = [...recording.noted];
  const kinds = new Set(reads.map(({ kind }) => kind));
  const versions = [...kinds].map((kind) => ({ kind, at: resources.versionOf(kind) }));
  results.set(input, { reads, versions, result });
  if (isRecording(resources)) for (const read of reads) resources.noted.add(read);
  return result;
}

function isCurrent(memory: Memory<unknown>, resources: Resources): boolean {
  const stale = staleKinds(memory, resources);
  if (stale === undefined) return true;
  for (const read of memory.reads) {
    if (!stale.has(read.kind) || !mayDiffer(read, stale.get(read.kind))) continue;
    if (!isUnchanged(read, resources)) return false;
  }
  for (const version of memory.versions) version.at = resources.versionOf(version.kind);
  return true;
}

/** The kinds that changed since the reads were compared last, and what changed of them as far as that is known. */
function staleKinds(
  { versions }: Memory<unknown>,
  resources: Resources,
): ReadonlyMap<ReadKind, ChangedNames | undefined> | undefined {
  let stale: Map<ReadKind, ChangedNames | undefined> | undefined;
  for (const { kind, at } of versions) {
    if (resources.versionOf(kind) === at) continue;
    stale ??= new Map();
    stale.set(kind, resources.changedSince(kind, at));
  }
  return stale;
}
