import type { KindName, Resource } from '#controller/api/gen/types.d.ts';
import { keyOf, namespaceOf } from './resources/resources.ts';
import type { Clock } from './runtime/clock.ts';
import { changesAt } from './tls/dated.ts';

/** Which object it is. */
export interface ObjectName {
  readonly kind: KindName;
  readonly namespace: string;
  readonly name: string;
}

interface Due {
  readonly object: ObjectName;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** How long no look is taken at the clock, which may be set, or may have stood still. Milliseconds. */
const LONGEST = 3_600_000;

/** Tells of objects that nobody changed and that are judged otherwise, because their time has come or is over. */
export class Aging {
  readonly #clock: Clock;
  readonly #came: (objects: readonly ObjectName[]) => void;
  readonly #due = new Map<string, Due>();
  #isStale = false;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, came: (objects: readonly ObjectName[]) => void) {
    this.#clock = clock;
    this.#came = came;
  }

  /** Takes an object in, in place of the one of its name. */
  note(resource: Resource): void {
    const at = changesAt(resource, this.#clock.now());
    if (at === undefined) return this.forget(resource);
    const { kind, metadata } = resource;
    this.#due.set(keyOf(resource), { object: { kind, namespace: namespaceOf(resource), name: metadata.name }, at });
    this.#isStale = true;
  }

  /** Lets an object go. */
  forget(resource: Resource): void {
    if (this.#due.delete(keyOf(resource))) this.#isStale = true;
  }

  /** Waits for what is next of all that was taken in; to be called when a batch has been. */
  settle(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#cancel();
    let next = Infinity;
    for (const { at } of this.#due.values()) next = Math.min(next, at);
    if (next === Infinity) return;
    const ms = Math.min(Math.max(next - this.#clock.now(), 1), LONGEST);
    this.#cancel = this.#clock.after(ms, () => this.#look());
  }

  stop(): void {
    this.#due.clear();
    this.#cancel();
  }

  #look(): void {
    const now = this.#clock.now();
    const come = [...this.#due].filter(([, { at }]) => at <= now);
    for (const [key] of come) this.#due.delete(key);
    this.#isStale = true;
    // What is told of is given back where it changes again.
    if (come.length > 0) this.#came(come.map(([, { object }]) => object));
    this.settle();
  }
}
