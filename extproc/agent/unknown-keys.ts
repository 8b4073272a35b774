/** Reports of one key set are passed on at most this often. Milliseconds. */
const PAUSE = 1_000;
/** Of so many key sets it is remembered when they were reported. */
const MOST = 1_000;

/** Passes on which key sets seem to be out of date, to the controller while it is there; what it misses is reported again. */
export class UnknownKeys {
  readonly #last = new Map<string, number>();
  readonly #now: () => number;
  #controller: ((keySet: string) => void) | undefined;

  /** `now` gives milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A filter has seen a token that names a key which is not in this set. */
  report(keySet: string): void {
    const now = this.#now();
    const last = this.#last.get(keySet);
    if (this.#controller === undefined || (last !== undefined && now - last < PAUSE)) return;
    this.#last.delete(keySet);
    this.#last.set(keySet, now);
    const [oldest] = this.#last.keys();
    if (this.#last.size > MOST && oldest !== undefined) this.#last.delete(oldest);
    this.#controller(keySet);
  }

  /** Passes reports on to `send` until the returned function is called. */
  connect(send: (keySet: string) => void): () => void {
    this.#controller = send;
    return () => {
      if (this.#controller === send) this.#controller = undefined;
    };
  }
}
