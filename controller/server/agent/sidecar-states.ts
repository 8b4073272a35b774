import { encode, type Init } from '../../xds/build/message.ts';

/** All that a sidecar is to work by, save its version. */
export type SidecarStateInit = Omit<Init<'sluice.agent.v1.SidecarState'>, 'version'>;

/** One connected agent, as the states see it. */
export interface StateReceiver {
  send(state: Init<'sluice.agent.v1.SidecarState'>): void;
}

/** What the sidecars of one proxy are to work by, and whether they do. */
export class SidecarStates {
  #state: Init<'sluice.agent.v1.SidecarState'> | undefined;
  #encoded: Buffer = Buffer.alloc(0);
  #version = 0n;
  /** The connected agents, each with the version that its sidecar works by. */
  readonly #taken = new Map<StateReceiver, bigint>();

  /** Whether every sidecar has said that it works by the state that it is to work by. */
  get isTaken(): boolean {
    return this.#taken.size > 0
      ? [...this.#taken.values()].every((version) => version === this.#version)
      : this.#version === 0n;
  }

  /** Sets what they are to work by; nothing is sent where that is what it was. */
  want(init: SidecarStateInit): void {
    const encoded = Buffer.from(encode('sluice.agent.v1.SidecarState', init));
    if (this.#state !== undefined && encoded.equals(this.#encoded)) return;
    this.#encoded = encoded;
    this.#version += 1n;
    this.#state = { ...init, version: this.#version };
    for (const receiver of this.#taken.keys()) receiver.send(this.#state);
  }

  /** Takes an agent that has connected: it may have been started anew, and is told everything. */
  connected(receiver: StateReceiver): void {
    this.#taken.set(receiver, 0n);
    if (this.#state !== undefined) receiver.send(this.#state);
  }

  /** Forgets an agent whose stream has ended. */
  disconnected(receiver: StateReceiver): void {
    this.#taken.delete(receiver);
  }

  /** Takes an agent's word that its sidecar works by a version. */
  taken(receiver: StateReceiver, version: bigint): void {
    if (this.#taken.has(receiver)) this.#taken.set(receiver, version);
  }
}
