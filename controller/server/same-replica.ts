import type { Socket } from 'node:net';
import type { Clock } from '../runtime/clock.ts';

/**
 * A connection of one half of a pod without the other is ended after this time, that of an Envoy first: a Service that
 * remembers leads it to where its sidecar is. Milliseconds.
 */
const PATIENCE = { envoy: 5_000, sidecar: 10_000 } as const;
/** At most so long, however often it comes again: the other half may not run. Milliseconds. */
const LONGEST_PATIENCE = 300_000;
/** So long both halves have been here together before it is forgotten how often one came alone. Milliseconds. */
const TOGETHER = 60_000;
/** Of so many pods it is remembered how often one half came without the other: a cluster has some thousand nodes. */
const MOST = 10_000;

/** A half of a pod. */
export type Half = keyof typeof PATIENCE;

/** The connections from one pod. */
interface Halves {
  readonly envoy: Set<Socket>;
  readonly sidecar: Set<Socket>;
  cancel: () => void;
}

/**
 * Sees to it that the Envoy and the sidecar of a pod ask the same replica of the controller: what the one is told of rests on
 * what the other has, and a key that the one misses is reported by the other. A Service leads both to the same replica by
 * their address, but only for some hours, or until there are other replicas. Whichever is here without the other is made to
 * come again; it goes on with what it has meanwhile. Each time it may stay twice as long as the time before, until both have
 * been here together for a while: where they never stay, nothing is gained by ending what serves.
 *
 * There is one for each proxy, so that none has a word about the pods of another, whatever a pod says that it is. Within a proxy
 * a pod that says it is another can keep that from being made to come again, and no more: who has both halves here stays.
 */
export class SameReplica {
  readonly #clock: Clock;
  readonly #parted: (half: Half, pod: string) => void;
  readonly #pods = new Map<string, Halves>();
  /** How often each was made to come again since its halves were here together last. */
  readonly #times = new Map<string, number>();
  #isClosed = false;

  /** `parted` is told of who is made to come again. */
  constructor(clock: Clock, parted: (half: Half, pod: string) => void) {
    this.#clock = clock;
    this.#parted = parted;
  }

  /** One half of a pod (`podOf`) has connected; returns what is to be called when it is gone. */
  connected(half: Half, pod: string, connection: Socket): () => void {
    const halves = this.#pods.get(pod) ?? { envoy: new Set(), sidecar: new Set(), cancel: () => undefined };
    this.#pods.set(pod, halves);
    halves[half].add(connection);
    this.#look(pod, halves);
    return () => {
      halves[half].delete(connection);
      this.#look(pod, halves);
    };
  }

  /** Ends what is waiting. */
  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#pods.values()) cancel();
    this.#pods.clear();
  }

  #look(pod: string, halves: Halves): void {
    halves.cancel();
    if (this.#isClosed) return;
    const half = halves.envoy.size > 0 ? 'envoy' : 'sidecar';
    if (halves[half].size === 0) {
      this.#pods.delete(pod);
      return;
    }
    if (half === 'envoy' && halves.sidecar.size > 0) {
      halves.cancel = this.#clock.after(TOGETHER, () => void this.#times.delete(pod));
      return;
    }
    const times = this.#times.get(pod) ?? 0;
    halves.cancel = this.#clock.after(Math.min(LONGEST_PATIENCE, PATIENCE[half] * 2 ** times), () => {
      this.#remember(pod, times + 1);
      this.#parted(half, pod);
      for (const connection of halves[half]) connection.destroy();
    });
  }

  #remember(pod: string, times: number): void {
    this.#times.delete(pod);
    this.#times.set(pod, times);
    const [oldest] = this.#times.keys();
    if (this.#times.size > MOST && oldest !== undefined) this.#times.delete(oldest);
  }
}
