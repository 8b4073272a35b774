import { type CounterStore, granted, type Lease, type LeaseQuestion } from './counter-store.ts';

/** Counters of one length of window, of the window that is open. */
interface OpenWindow {
  readonly start: number;
  readonly used: Map<string, number>;
}

/**
 * Most counters of one length of window at a time. Those that come when there are so many share one counter for each limit,
 * which allows as much as one of them: memory stays bounded whatever clients choose, and nothing is allowed for it.
 */
export const MOST_COUNTERS = 500_000;

/** Counts in the memory of this process: for the proxy beside it only, and until it ends. */
export class MemoryStore implements CounterStore {
  readonly #windows = new Map<number, OpenWindow>();
  readonly #now: () => number;
  readonly #most: number;

  /** `now` gives milliseconds since the Unix epoch. */
  constructor(now: () => number = Date.now, most: number = MOST_COUNTERS) {
    this.#now = now;
    this.#most = most;
  }

  lease(question: LeaseQuestion): Promise<Lease> {
    const length = question.window * 1000;
    const { start, used } = this.#open(length);
    const key = this.#keyOf(question, used);
    const before = used.get(key) ?? 0;
    const left = Math.max(0, question.limit - before);
    const grant = granted(left, question);
    if (grant > 0) used.set(key, before + grant);
    return Promise.resolve({
      granted: grant,
      remaining: left - grant,
      end: start + length,
      windowNumber: start / length,
    });
  }

  close(): Promise<void> {
    this.#windows.clear();
    return Promise.resolve();
  }

  /** A clock that goes back reopens no window: what was counted stays counted. */
  #open(length: number): OpenWindow {
    const now = this.#now();
    const start = now - (now % length);
    const known = this.#windows.get(length);
    if (known !== undefined && known.start >= start) return known;
    const opened = { start, used: new Map<string, number>() };
    this.#windows.set(length, opened);
    return opened;
  }

  #keyOf({ counter, limit }: LeaseQuestion, used: ReadonlyMap<string, number>): string {
    const key = Buffer.from(counter).toString('latin1');
    return used.has(key) || used.size < this.#most ? key : `others ${limit}`;
  }
}
