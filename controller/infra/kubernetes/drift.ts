import { isObject } from '#controller/api/compile.ts';

/**
 * Whether an object says something else than it did after it was applied, in what was applied. What others add to it, and how
 * the API server writes what was said, is none of that.
 */
export function hasDrifted(manifest: unknown, applied: unknown, now: unknown): boolean {
  return !isSame(projected(applied, manifest), projected(now, manifest));
}

/** The part of an object that a manifest speaks of. */
function projected(value: unknown, manifest: unknown): unknown {
  if (isObject(manifest) && isObject(value)) {
    const fields = Object.keys(manifest).toSorted();
    return fields.map((field) => [field, projected(value[field], manifest[field])]);
  }
  if (Array.isArray(manifest) && Array.isArray(value)) {
    // Entries are in the order in which they were applied; one more or less is a difference.
    return value.map((entry, index): unknown => projected(entry, manifest[index] ?? entry));
  }
  return value;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
