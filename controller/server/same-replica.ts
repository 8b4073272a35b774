import type { Socket } from 'node:net';
import type { Clock } from '../runtime/clock.ts';

/** A connection of an Envoy without its sidecar is ended after this time. Milliseconds. */
const PATIENCE = 5_000;
/** At most so long, however often it comes again: its sidecar may not run. Milliseconds. */
const LONGEST_PATIENCE = 300_000;
/** Of so many clients it is remembered how often they came without. */
const MOST = 1_000;

/** What is known of the clients at one address. */
interface Pod {
  agents: number;
  readonly envoys: Set<Socket>;
  cancel: () => void;
}

/**
 * Sees to it that the Envoy and the sidecar of a pod ask the same replica of the controller: what the one is told of rests on
 * what the other has, and a key that the one misses is reported by the other. A Service leads both to the same replica by
 * their address, but only for some hours, and not where it leads otherwise by then. An Envoy whose sidecar is not here is
 * made to come again; it goes on with what it has meanwhile. Clients of a Unix socket have no address and are left alone.
 */
export class SameReplica {
  readonly #clock: Clock;
  readonly #parted: (address: string) => void;
  readonly #pods = new Map<string, Pod>();
  readonly #patience = new Map<string, number>();
  #isClosed = false;

  /** `parted` is told of the address of an Envoy whose connection is ended. */
  constructor(clock: Clock, parted: (address: string) => void) {
    this.#clock = clock;
    this.#parted = parted;
  }

  /** An agent has connected; returns what is to be called when it is gone. */
  agent(address: string): () => void {
    const pod = this.#pod(address);
    pod.agents += 1;
    this.#patience.delete(address);
    pod.cancel();
    return () => {
      pod.agents -= 1;
      this.#look(address, pod);
    };
  }

  /** An Envoy has connected; returns what is to be called when it is gone. */
  envoy(address: string, connection: Socket): () => void {
    const pod = this.#pod(address);
    pod.envoys.add(connection);
    this.#look(address, pod);
    return () => {
      pod.envoys.delete(connection);
      this.#look(address, pod);
    };
  }

  /** Ends what is waiting. */
  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#pods.values()) cancel();
    this.#pods.clear();
  }

  #pod(address: string): Pod {
    const known = this.#pods.get(address);
    if (known !== undefined) return known;
    const made: Pod = { agents: 0, envoys: new Set(), cancel: () => undefined };
    this.#pods.set(address, made);
    return made;
  }

  #look(address: string, pod: Pod): void {
    pod.cancel();
    if (this.#isClosed || pod.agents > 0) return;
    if (pod.envoys.size === 0) {
      this.#pods.delete(address);
      return;
    }
    const patience = this.#patience.get(address) ?? PATIENCE;
    pod.cancel = this.#clock.after(patience, () => {
      this.#remember(address, Math.min(LONGEST_PATIENCE, patience * 2));
      this.#parted(address);
      for (const connection of pod.envoys) connection.destroy();
    });
  }

  #remember(address: string, patience: number): void {
    this.#patience.delete(address);
    this.#patience.set(address, patience);
    const [oldest] = this.#patience.keys();
    if (this.#patience.size > MOST && oldest !== undefined) this.#patience.delete(oldest);
  }
}
