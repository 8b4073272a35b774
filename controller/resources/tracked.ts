import type { Resources } from './resources.ts';

/** Says whether what was read once still reads the same. */
type Read = (resources: Resources) => boolean;

interface Memory<R> {
  readonly reads: readonly Read[];
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

function recall<T extends object, R>(
  results: WeakMap<T, Memory<R>>,
  input: T,
  resources: Resources,
  compute: (resources: Resources) => R,
): R {
  const known = results.get(input);
  if (known !== undefined && stillReads(known.reads, resources)) return known.result;
  const reads: Read[] = [];
  const result = compute(recording(resources, reads));
  results.set(input, { reads, result });
  return result;
}

function stillReads(reads: readonly Read[], resources: Resources): boolean {
  for (const unchanged of reads) if (!unchanged(resources)) return false;
  return true;
}

function recording(resources: Resources, reads: Read[]): Resources {
  return {
    get: (kind, namespace, name) => {
      const value = resources.get(kind, namespace, name);
      reads.push((now) => now.get(kind, namespace, name) === value);
      return value;
    },
    list: (kind) => {
      const value = resources.list(kind);
      reads.push((now) => now.list(kind) === value);
      return value;
    },
    endpointSlices: (namespace, service) => {
      const value = resources.endpointSlices(namespace, service);
      reads.push((now) => now.endpointSlices(namespace, service) === value);
      return value;
    },
    referenceGrants: (namespace) => {
      const value = resources.referenceGrants(namespace);
      reads.push((now) => now.referenceGrants(namespace) === value);
      return value;
    },
    invalidPolicies: () => {
      const value = resources.invalidPolicies();
      reads.push((now) => now.invalidPolicies() === value);
      return value;
    },
  };
}
