/** Lets so many work at a time, for each key and altogether; who comes first is first. */
export class Turns {
  readonly #each: number;
  readonly #all: number;
  readonly #busy = new Map<string, number>();
  #total = 0;
  #waiting: readonly { readonly key: string; readonly go: () => void }[] = [];

  constructor(most: { readonly each: number; readonly all: number }) {
    this.#each = most.each;
    this.#all = most.all;
  }

  /** Works when it is its turn. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((go) => {
      this.#waiting = [...this.#waiting, { key, go }];
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#total -= 1;
      this.#busy.set(key, (this.#busy.get(key) ?? 1) - 1);
      if (this.#busy.get(key) === 0) this.#busy.delete(key);
      this.#next();
    }
  }

  #next(): void {
    while (this.#total < this.#all) {
      const found = this.#waiting.find(({ key }) => (this.#busy.get(key) ?? 0) < this.#each);
      if (found === undefined) return;
      this.#waiting = this.#waiting.filter((other) => other !== found);
      this.#total += 1;
      this.#busy.set(found.key, (this.#busy.get(found.key) ?? 0) + 1);
      found.go();
    }
  }
}
