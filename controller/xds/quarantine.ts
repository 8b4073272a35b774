/**
 * Finds which of the things that changed a proxy rejects, when it rejects them as a whole, by leaving out halves: the good
 * ones go live and the bad ones are known, each found in a logarithm of the number of steps.
 *
 * `rejected` and `accepted` tell what the proxy said of the last version; `withheld` is what the next one must leave out.
 */
export class Quarantine<T extends object> {
  readonly #bad = new Map<T, string>();
  /** In the version that the proxy judges now, and not known to be good. */
  #tried: readonly T[] = [];
  /** Left out of it, to be tried later. */
  #waiting: readonly T[] = [];

  /** What was found to be bad, with the proxy's words. */
  get bad(): ReadonlyMap<T, string> {
    return this.#bad;
  }

  /** What the next version must leave out. */
  get withheld(): ReadonlySet<T> {
    return new Set([...this.#bad.keys(), ...this.#waiting]);
  }

  /** Whether a search is under way. */
  get searching(): boolean {
    return this.#tried.length + this.#waiting.length > 0;
  }

  /** Begins anew with what exists now: what was bad and is still there stays out. */
  restart(exists: (member: T) => boolean): void {
    for (const member of this.#bad.keys()) if (!exists(member)) this.#bad.delete(member);
    this.#tried = [];
    this.#waiting = [];
  }

  /**
   * The proxy rejected the last version. `suspects` are all that changed since it accepted one, for the first time it does;
   * `message` is what it said of one of them. Returns whether there is another version to try.
   */
  rejected(suspects: () => readonly T[], message: (member: T) => string): boolean {
    const tried = this.#tried.length > 0 ? this.#tried : suspects().filter((member) => !this.#bad.has(member));
    const [only, ...others] = tried;
    if (only === undefined) return false;
    if (others.length === 0) {
      this.#bad.set(only, message(only));
      this.#tried = this.#waiting;
      this.#waiting = [];
      return true;
    }
    const half = Math.ceil(tried.length / 2);
    this.#tried = tried.slice(0, half);
    this.#waiting = [...tried.slice(half), ...this.#waiting];
    return true;
  }

  /** The proxy accepted the last version. Returns whether there is another one to try. */
  accepted(): boolean {
    this.#tried = this.#waiting;
    this.#waiting = [];
    return this.#tried.length > 0;
  }
}
