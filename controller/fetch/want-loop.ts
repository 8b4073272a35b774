/**
 * Answers wants, again and again, for as long as they are wanted.
 *
 * Wants enter, changes of what is known about them leave, in batches. What fails is tried again for ever, and the last good
 * answer stays. It refuses to know what a want is for and how it is fetched.
 */
import { type Outcome, refusal } from '../resources/verdict.ts';
import type { Clock } from '../runtime/clock.ts';
import { backOff } from './back-off.ts';

/** The times of a want, in milliseconds. */
export interface Timed {
  /** For how long an answer is not asked for again. */
  readonly refresh: number;
  /** The pause before a first failure is made good. */
  readonly retry: number;
}

/** What is known about a want: the last good answer, and why it could not be had when it was asked for last. */
export interface Known<V> {
  readonly answer: V | undefined;
  readonly failure: string | undefined;
}

/** What became known; `undefined` when it is forgotten. */
export interface Change<W, V> {
  readonly want: W;
  readonly known: Known<V> | undefined;
}

/** Answers that outlive the process. Reading is immediate: what serves must not be interrupted by a restart. */
export interface AnswerCache<W, V> {
  read(want: W): V | undefined;
  write(want: W, answer: V): void;
  forget(want: W): void;
}

/** What a loop works with. */
export interface WantLoopOptions<W extends Timed, V> {
  /** Text that is equal for wants that one answer is enough for. */
  readonly keyOf: (want: W) => string;
  readonly fetch: (want: W, signal: AbortSignal) => Promise<Outcome<V>>;
  /** Whether two answers say the same. */
  readonly isSame: (a: V, b: V) => boolean;
  readonly cache: AnswerCache<W, V>;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Told of changes, those of a moment together. */
  readonly changed: (changes: readonly Change<W, V>[]) => void;
  /** Told how each try ended. */
  readonly tried: (want: W, outcome: Outcome<V>, nextIn: number) => void;
}

/** How many wants are in which state. */
export interface WantCounts {
  /** There is an answer, and it could be had when it was asked for last. */
  readonly answered: number;
  /** There is one, but it could not be had again. */
  readonly stale: number;
  /** There is none yet, or it has not been told yet. */
  readonly pending: number;
}

/** Answers are never asked for more or less often than this, whatever is wanted. Milliseconds. */
const SHORTEST_REFRESH = 1_000;
const LONGEST_REFRESH = 86_400_000;
const SHORTEST_RETRY = 100;
/** An early refresh comes at least this long after the last try. Milliseconds. */
const SHORTEST_HURRY = 10_000;
/** What nobody wants any more is kept this long: who writes a file anew wants it again. Milliseconds. */
const LINGER = 30_000;
/** Changes of this long are told together. Milliseconds. */
const GATHER = 10;
/** An answer that stays the same is given to the cache again after this time. Milliseconds. */
const LONGEST_KEPT = 86_400_000;
/** So many are fetched at a time. */
const MOST_FETCHES = 64;

interface Entry<W, V> {
  want: W;
  known: Known<V>;
  failures: number;
  /** When its answer was given to the cache last, or taken from it. */
  kept: number;
  /** When it was tried last. */
  tried: number;
  /** When it will be tried; `undefined` while it is being tried. */
  due: number | undefined;
  cancel: () => void;
  abort: AbortController | undefined;
  isWanted: boolean;
}

/** A loop at work. */
export class WantLoop<W extends Timed, V> {
  readonly #options: WantLoopOptions<W, V>;
  readonly #entries = new Map<string, Entry<W, V>>();
  readonly #changes = new Map<string, Change<W, V>>();
  readonly #waiting: string[] = [];
  #fetches = 0;
  #isStopped = false;

  constructor(options: WantLoopOptions<W, V>) {
    this.#options = options;
  }

  /** Sets what is wanted from now on; gives what is known already of what was not wanted before. */
  want(wants: readonly W[]): readonly Change<W, V>[] {
    if (this.#isStopped) return [];
    const { keyOf } = this.#options;
    const byKey = new Map(wants.map((want) => [keyOf(want), want]));
    for (const [key, entry] of this.#entries) if (!byKey.has(key)) this.#leave(key, entry);
    const known: Change<W, V>[] = [];
    for (const [key, want] of byKey) {
      const entry = this.#entries.get(key);
      if (entry === undefined) known.push(...this.#enter(key, want));
      else this.#keep(key, entry, want);
    }
    return known;
  }

  /** Asks for an answer before its time, as somebody has seen that it is out of date; not too often. */
  hurry(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.isWanted !== true || entry.due === undefined) return;
    const at = Math.max(entry.tried + SHORTEST_HURRY, this.#options.clock.now());
    if (at < entry.due) this.#tryAt(key, entry, at);
  }

  counts(): WantCounts {
    const wanted = [...this.#entries].filter(([, { isWanted }]) => isWanted);
    // What is known and will be told in a moment is not there yet for anybody else.
    const isThere = ([key, { known }]: (typeof wanted)[number]): boolean =>
      known.answer !== undefined && !this.#changes.has(key);
    const pending = wanted.filter((entry) => !isThere(entry)).length;
    const answered = wanted.filter((entry) => isThere(entry) && entry[1].known.failure === undefined).length;
    return { answered, pending, stale: wanted.length - answered - pending };
  }

  stop(): void {
    this.#isStopped = true;
    for (const entry of this.#entries.values()) {
      entry.cancel();
      entry.abort?.abort();
    }
    this.#entries.clear();
  }

  #enter(key: string, want: W): readonly Change<W, V>[] {
    const { cache, clock } = this.#options;
    const known = { answer: cache.read(want), failure: undefined };
    const entry: Entry<W, V> = {
      want,
      known,
      failures: 0,
      kept: clock.now(),
      tried: -Infinity,
      due: undefined,
      cancel: () => undefined,
      abort: undefined,
      isWanted: true,
    };
    this.#entries.set(key, entry);
    this.#tryAt(key, entry, clock.now());
    return known.answer === undefined ? [] : [{ want, known }];
  }

  #keep(key: string, entry: Entry<W, V>, want: W): void {
    const wasWanted = entry.isWanted;
    entry.want = want;
    entry.isWanted = true;
    if (!wasWanted) this.#tryAt(key, entry, this.#options.clock.now());
    else if (entry.due !== undefined && entry.failures === 0) {
      const due = entry.tried + refreshOf(want);
      if (due < entry.due) this.#tryAt(key, entry, due);
    }
  }

  #leave(key: string, entry: Entry<W, V>): void {
    if (!entry.isWanted) return;
    entry.isWanted = false;
    entry.cancel();
    entry.abort?.abort();
    entry.due = undefined;
    entry.cancel = this.#options.clock.after(LINGER, () => {
      this.#entries.delete(key);
      this.#options.cache.forget(entry.want);
      this.#tell(key, { want: entry.want, known: undefined });
    });
  }

  #tryAt(key: string, entry: Entry<W, V>, at: number): void {
    entry.cancel();
    entry.due = at;
    entry.cancel = this.#options.clock.after(Math.max(0, at - this.#options.clock.now()), () => {
      entry.due = undefined;
      this.#waiting.push(key);
      this.#next();
    });
  }

  #next(): void {
    while (this.#fetches < MOST_FETCHES) {
      const key = this.#waiting.shift();
      if (key === undefined) return;
      const entry = this.#entries.get(key);
      if (entry?.isWanted === true && entry.abort === undefined) void this.#try(key, entry);
    }
  }

  async #try(key: string, entry: Entry<W, V>): Promise<void> {
    const { fetch, clock } = this.#options;
    const abort = new AbortController();
    entry.abort = abort;
    entry.tried = clock.now();
    this.#fetches += 1;
    // What throws is a bug; it must not end the loop.
    const outcome = await fetch(entry.want, abort.signal).catch((thrown: unknown) => refusal('Bug', String(thrown)));
    this.#fetches -= 1;
    entry.abort = undefined;
    if (this.#isStopped) return;
    if (!abort.signal.aborted) this.#settle(key, entry, outcome);
    // It was given up and is wanted again meanwhile.
    else if (entry.isWanted) this.#tryAt(key, entry, clock.now());
    this.#next();
  }

  #settle(key: string, entry: Entry<W, V>, outcome: Outcome<V>): void {
    const { cache, random, isSame, tried } = this.#options;
    const { answer, failure } = entry.known;
    entry.failures = outcome.ok ? 0 : entry.failures + 1;
    const retry = Math.max(SHORTEST_RETRY, entry.want.retry);
    // Somewhat early by chance, so that what was fetched together does not stay together.
    const pause = outcome.ok ? refreshOf(entry.want) * (1 - random() / 10) : backOff(entry.failures, retry, random());
    tried(entry.want, outcome, pause);
    this.#tryAt(key, entry, this.#options.clock.now() + pause);
    const isOld = outcome.ok && answer !== undefined && isSame(outcome.value, answer);
    const known = outcome.ok
      ? { answer: isOld ? answer : outcome.value, failure: undefined }
      : { answer, failure: outcome.refusal.message };
    const now = this.#options.clock.now();
    // What stays the same for long must not look as if nobody wanted it.
    if (known.answer !== undefined && (known.answer !== answer || now - entry.kept > LONGEST_KEPT)) {
      cache.write(entry.want, known.answer);
      entry.kept = now;
    }
    if (known.answer === answer && known.failure === failure) return;
    entry.known = known;
    this.#tell(key, { want: entry.want, known });
  }

  #tell(key: string, change: Change<W, V>): void {
    if (this.#changes.size === 0) {
      this.#options.clock.after(GATHER, () => {
        const changes = [...this.#changes.values()];
        this.#changes.clear();
        if (!this.#isStopped) this.#options.changed(changes);
      });
    }
    this.#changes.set(key, change);
  }
}

function refreshOf({ refresh }: Timed): number {
  return Math.min(LONGEST_REFRESH, Math.max(SHORTEST_REFRESH, refresh));
}
