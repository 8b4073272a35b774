/** Time as the controller sees it; tests pass one of their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `then` once after `ms` milliseconds, unless the returned function is called before. */
  after(ms: number, then: () => void): () => void;
}

/** The machine's clock. A pending timer does not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
