/** Remembers what was made of each object, for as long as the object is alive. `make` must depend on nothing else. */
export function once<T extends object, R>(make: (input: T) => R): (input: T) => R {
  const made = new WeakMap<T, { readonly result: R }>();
  return (input) => {
    let known = made.get(input);
    if (known === undefined) {
      known = { result: make(input) };
      made.set(input, known);
    }
    return known.result;
  };
}
