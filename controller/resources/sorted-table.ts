import { compare } from './resources.ts';

/** Values by key, listed in the order of their keys. The list is the same array until something changes. */
export class SortedTable<V> {
  readonly #values = new Map<string, V>();
  /** Every key, and perhaps some that are gone, in order but for those that were added since. */
  #order: string[] = [];
  #isOrdered = true;
  #version = 0;
  #list: readonly V[] | undefined = [];

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Sets a value; the same value again changes nothing. */
  set(key: string, value: V): void {
    const known = this.#values.get(key);
    if (known === value) return;
    if (known === undefined && !this.#values.has(key)) {
      this.#order.push(key);
      this.#isOrdered = false;
    }
    this.#values.set(key, value);
    this.#version += 1;
    this.#list = undefined;
  }

  /** Removes a value; returns whether there was one. */
  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    this.#isOrdered = false;
    this.#version += 1;
    this.#list = undefined;
    return true;
  }

  /** The values, by key. */
  list(): readonly V[] {
    if (this.#list === undefined) {
      if (!this.#isOrdered) this.#restoreOrder();
      const list: V[] = [];
      for (const key of this.#order) {
        const value = this.#values.get(key);
        if (value !== undefined) list.push(value);
      }
      this.#list = list;
    }
    return this.#list;
  }

  /** Nearly in order already, which sorting takes advantage of. A key that was removed and set again is there twice. */
  #restoreOrder(): void {
    const sorted = this.#order.filter((key) => this.#values.has(key)).sort(compare);
    this.#order = sorted.filter((key, index) => key !== sorted[index - 1]);
    this.#isOrdered = true;
  }
}
