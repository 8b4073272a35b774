/**
 * The little of the proposal "Decorator Metadata" that a library which we use asks for when it is loaded, where nobody has
 * brought it. Nothing of ours uses it.
 */
export function provideMetadata(): void {
  if ('getMetadata' in Reflect) return;
  const known = new WeakMap<object, Map<unknown, unknown>>();
  const own = (key: unknown, target: object): unknown => known.get(target)?.get(key);
  const inherited = (key: unknown, target: object): unknown => {
    for (let at: object | null = target; at !== null; at = Reflect.getPrototypeOf(at)) {
      if (known.get(at)?.has(key) === true) return own(key, at);
    }
    return undefined;
  };
  const define = (key: unknown, value: unknown, target: object): void => {
    const values = known.get(target) ?? new Map<unknown, unknown>();
    known.set(target, values.set(key, value));
  };
  Object.assign(Reflect, { getMetadata: inherited, getOwnMetadata: own, defineMetadata: define });
}
