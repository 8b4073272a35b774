/** Ends an exhaustive switch: the compiler proves that no case is left, and a value that comes all the same is a bug. */
export function unreachable(value: never): never {
  throw new Error(`unexpected case: ${JSON.stringify(value)}`);
}
