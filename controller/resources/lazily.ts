/** Puts off what may not be asked for: `make` runs when the result is first wanted, and once. What it throws is not kept. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
