/** Compiling a regular expression took more steps than it may. */
export class TooMuchWork extends Error {}

/**
 * Steps that compiling a regular expression may take: a character read, a range of characters, an edge followed, a state
 * put in order. Steps are counted and not time, so that the same text is refused on every machine and in every replica.
 */
export class Work {
  readonly #most: number;
  #done = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many steps were taken; never more than one spending beyond what was allowed. */
  get done(): number {
    return this.#done;
  }

  /** Takes steps; throws `TooMuchWork` where there were more than may be. */
  spend(steps: number): void {
    this.#done += steps;
    if (this.#done > this.#most) throw new TooMuchWork();
  }
}
