import type { Resources } from './resources.ts';

/** Says whether what was read once still reads the same. */
type Read = (resources: Resources) => boolean;

/**
 * Remembers the result of `compute` for each input object, and computes it again only when something it read from the
 * resources has changed. `compute` must be pure and must read through the resources it is given.
 */
export function remembered<T extends object, R>(
  compute: (input: T, resources: Resources) => R,
): (input: T, resources: Resources) => R {
  const results = new WeakMap<T, { readonly reads: readonly Read[]; readonly result: R }>();
  return (input, resources) => {
    const known = results.get(input);
    if (known?.reads.every((unchanged) => unchanged(resources)) === true) return known.result;
    const reads: Read[] = [];
    const result = compute(input, recording(resources, reads));
    results.set(input, { reads, result });
    return result;
  };
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
