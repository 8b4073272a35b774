/** Values by text, of which those are forgotten that were asked for longest ago, so that all weigh no more than they may. */
export class Remembered<T> {
  readonly #most: number;
  readonly #entries = new Map<string, { readonly value: T; readonly weight: number }>();
  #weight = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** What all that is remembered weighs. */
  get weight(): number {
    return this.#weight;
  }

  /** The value of a text, made where it is not remembered; `weigh` says what it weighs beside its text. */
  get(text: string, make: () => T, weigh: (value: T) => number): T {
    const known = this.#entries.get(text);
    const entry = known ?? weighed(text, make(), weigh);
    // What is asked for goes to the end: the first is who was asked for longest ago.
    this.#entries.delete(text);
    this.#entries.set(text, entry);
    if (known === undefined) this.#weight += entry.weight;
    for (const [oldest, { weight }] of this.#entries) {
      if (this.#weight <= this.#most) break;
      this.#entries.delete(oldest);
      this.#weight -= weight;
    }
    return entry.value;
  }
}

function weighed<T>(text: string, value: T, weigh: (value: T) => number): { value: T; weight: number } {
  return { value, weight: text.length + weigh(value) };
}
