import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';

/**
 * Keeps the young generation of the heap as small as it is now. Left alone it grows to 128 MiB while many manifests are read,
 * and stays so; objects that live long, which most here do, gain nothing by that.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * Keeps V8 from collecting everything twice more some seconds after each full collection, in case that there is more by then:
 * with thousands of routes that is a second of CPU beside whatever is done then. `IdleCollection` does it where there is reason to.
 */
export function collectOnlyOnce(): void {
  setFlagsFromString('--memory-reducer-gc-count=0');
}

/** So long nothing must have happened: a collection takes a tenth of a second when there is much. Milliseconds. */
const QUIET = 1_000;
/** So many changes leave enough behind for a collection to be worth its time. */
const MANY = 500;

/**
 * Gives memory back after many changes, once it is quiet: V8 does so only when something is allocated, which may be never.
 * `collect` collects everything; it is first done once it is quiet for the first time, for what the start left behind.
 */
export class IdleCollection {
  readonly #clock: Clock;
  readonly #collect: () => void;
  #changes = MANY;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, collect: () => void) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** Notes that so many objects came, changed or went. */
  note(changes: number): void {
    this.#changes += changes;
    this.#cancel();
    if (this.#changes >= MANY) this.#cancel = this.#clock.after(QUIET, () => this.#run());
  }

  /** Collects no more. */
  stop(): void {
    this.#cancel();
  }

  #run(): void {
    this.#changes = 0;
    this.#collect();
  }
}

/** Of the heap this share may be empty after a collection; of more the pages are given back. */
const MOST_EMPTY = 0.2;

/** Collects all garbage, now, and gives back what that leaves empty. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') return;
  collect();
  const { total_physical_size: held, used_heap_size: used } = getHeapStatistics();
  // Objects are moved together only by this, which takes several times as long.
  if (held - used > MOST_EMPTY * held) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
