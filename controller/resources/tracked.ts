import { equalEnds } from '../ir/pieces.ts';
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
  return (input, context, resources) =>
    recall(resultsIn(contexts, context), input, resources, (now) => compute(input, context, now));
}

/** A list that was computed, and the version that each kind had of which any member read. */
interface ListMemory<T, R> {
  readonly inputs: readonly T[];
  readonly results: readonly R[];
  readonly versions: ReadonlyMap<ReadKind, number>;
}

/**
 * The same for the members of a list at a place, each in a context that depends on the member and the place alone. While no
 * kind has changed of which any member read, members that the list still begins or ends with are not looked at. The same
 * list for the same members with the same results.
 */
export function rememberedList<P extends object, T extends object, C extends object, R>(
  contextOf: (input: T, place: P) => C,
  compute: (input: T, context: C, resources: Resources) => R,
): (inputs: readonly T[], place: P, resources: Resources) => readonly R[] {
  const contexts = new WeakMap<C, WeakMap<T, Memory<R>>>();
  const lists = new WeakMap<P, ListMemory<T, R>>();
  return (inputs, place, resources) => {
    const last = lists.get(place);
    // Whoever remembers what is computed from this has to note what all members read.
    const isQuiet =
      !isRecording(resources) && last?.versions.entries().every(([kind, at]) => at === resources.versionOf(kind));
    const { head, tail } =
      isQuiet === true && last !== undefined ? equalEnds(last.inputs, inputs) : { head: 0, tail: 0 };
    const kinds = new Set(isQuiet === true ? last?.versions.keys() : []);
    const made = inputs.slice(head, inputs.length - tail).map((input) => {
      const context = contextOf(input, place);
      const results = resultsIn(contexts, context);
      const result = recall(results, input, resources, (now) => compute(input, context, now));
      for (const { kind } of results.get(input)?.versions ?? []) kinds.add(kind);
      return result;
    });
    const before = last?.results ?? [];
    const results = [...before.slice(0, head), ...made, ...before.slice(before.length - tail)];
    const isSame = results.length === before.length && made.every((result, at) => result === before[head + at]);
    const versions = new Map([...kinds].map((kind) => [kind, resources.versionOf(kind)]));
    const now = { inputs, results: isSame ? before : results, versions };
    lists.set(place, now);
    return now.results;
  };
}

function resultsIn<T extends object, C extends object, R>(
  contexts: WeakMap<C, WeakMap<T, Memory<R>>>,
  context: C,
): WeakMap<T, Memory<R>> {
  const known = contexts.get(context) ?? new WeakMap<T, Memory<R>>();
  contexts.set(context, known);
  return known;
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
