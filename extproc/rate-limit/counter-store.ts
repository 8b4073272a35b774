/** A counter, and what is asked of it. */
export interface LeaseQuestion {
  /** SHA-256 of all that tells the counter from others. */
  readonly counter: Uint8Array;
  /** What it allows in a window. */
  readonly limit: number;
  /** Length of its windows, which begin at whole multiples of it since the Unix epoch. Seconds. */
  readonly window: number;
  readonly wanted: number;
  /** How much of it requests are waiting for. */
  readonly needed: number;
}

/** A part of what a counter allows in one window. */
export interface Lease {
  /** Is counted from now on, whether it is used or not; 0 when nothing is left. */
  readonly granted: number;
  /** What the counter allows beyond all that has been granted. */
  readonly remaining: number;
  /** When the window ends, never later than by the clock of the store. Milliseconds since the Unix epoch, by the local clock. */
  readonly end: number;
  /** Which window it is, counted from the Unix epoch. */
  readonly windowNumber: number;
}

/**
 * Counts. No more than the limit is granted of a counter in a window, whoever asks how often at the same time; a store that
 * cannot tell rejects.
 */
export interface CounterStore {
  lease(question: LeaseQuestion): Promise<Lease>;
  close(): Promise<void>;
}

/** Which part of what is left may be taken at once when nobody waits for it. */
export const MOST_SHARE = 4;

/**
 * How much of what is `left` is granted: what is needed, and of what is wanted beyond that at most a quarter of what is left,
 * so that the last of it is not spread over proxies that do not use it.
 */
export function granted(left: number, { wanted, needed }: Pick<LeaseQuestion, 'wanted' | 'needed'>): number {
  return Math.min(left, Math.max(needed, Math.min(wanted, Math.ceil(left / MOST_SHARE))));
}
