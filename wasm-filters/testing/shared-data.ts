/** Shared data of one Envoy process; give one to several hosts to model its workers. */
export interface SharedData {
  get(key: string): { readonly value: Uint8Array; readonly cas: number } | undefined;
  /** Stores `value`, unless `cas` is neither 0 nor the number of the value that is there: then false. */
  set(key: string, value: Uint8Array, cas: number): boolean;
}

/** Empty shared data. As in Envoy, the compare-and-swap number is ignored while the key is missing. */
export function sharedData(): SharedData {
  const values = new Map<string, { readonly value: Uint8Array; readonly cas: number }>();
  let last = 0;
  return {
    get: (key) => values.get(key),
    set(key, value, cas) {
      const known = values.get(key);
      if (known !== undefined && cas !== 0 && cas !== known.cas) return false;
      last += 1;
      values.set(key, { value, cas: last });
      return true;
    },
  };
}
