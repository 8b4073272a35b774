import type { Socket } from 'node:net';
import type { Clock } from '../runtime/clock.ts';

/**
 * A connection of one half of a pod without the other is ended after this time, that of an Envoy first: a Service that
 * remembers leads it to where its sidecar is. Milliseconds.
 */
const PATIENCE = { envoy: 5_000, sidecar: 10_000 } as const;
/** At most so long, however often it comes again: the other half may not run. Milliseconds. */
const LONGEST_PATIENCE = 300_000;
/** Of so many addresses it is remembered how often one half came without the other. */
const MOST = 1_000;

/** A half of a pod. */
export type Half = keyof typeof PATIENCE;

/** The connections from one address. */
interface Pod {
  readonly envoy: Set<Socket>;
  readonly sidecar: Set<Socket>;
  cancel: () => void;
}

/**
 * Sees to it that the Envoy and the sidecar of a pod ask the same replica of the controller: what the one is told of rests on
 * what the other has, and a key that the one misses is reported by the other. A Service leads both to the same replica by
 * their address, but only for some hours, or until there are other replicas. Whichever is here without the other is made to
 * come again; it goes on with what it has meanwhile. Clients of a Unix socket have no address and are left alone.
 */
export class SameReplica {
  readonly #clock: Clock;
  readonly #parted: (half: Half, address: string) => void;
  readonly #pods = new Map<string, Pod>();
  /** How much longer than the first time is waited. */
  readonly #longer = new Map<string, number>();
  #isClosed = false;

  /** `parted` is told of who is made to come again. */
  constructor(clock: Clock, parted: (half: Half, address: string) => void) {
    this.#clock = clock;
    this.#parted = parted;
  }

  /** One half has connected; returns what is to be called when it is gone. */
  connected(half: Half, address: string, connection: Socket): () => void {
    const pod = this.#pods.get(address) ?? { envoy: new Set(), sidecar: new Set(), cancel: () => undefined };
    this.#pods.set(address, pod);
    pod[half].add(connection);
    this.#look(address, pod);
    return () => {
      pod[half].delete(connection);
      this.#look(address, pod);
    };
  }

  /** Ends what is waiting. */
  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#pods.values()) cancel();
    this.#pods.clear();
  }

  #look(address: string, pod: Pod): void {
    pod.cancel();
    if (this.#isClosed) return;
    const half = pod.envoy.size > 0 ? 'envoy' : 'sidecar';
    if (pod[half].size === 0) {
      this.#pods.delete(address);
      return;
    }
    if (half === 'envoy' && pod.sidecar.size > 0) {
      this.#longer.delete(address);
      return;
    }
    const longer = this.#longer.get(address) ?? 1;
    pod.cancel = this.#clock.after(Math.min(LONGEST_PATIENCE, PATIENCE[half] * longer), () => {
      this.#remember(address, longer * 2);
      this.#parted(half, address);
      for (const connection of pod[half]) connection.destroy();
    });
  }

  #remember(address: string, longer: number): void {
    this.#longer.delete(address);
    this.#longer.set(address, Math.min(longer, LONGEST_PATIENCE));
    const [oldest] = this.#longer.keys();
    if (this.#longer.size > MOST && oldest !== undefined) this.#longer.delete(oldest);
  }
}
