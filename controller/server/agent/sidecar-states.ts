import { encode, type Init } from '../../xds/build/message.ts';

/** All that a sidecar is to work by, save its version. */
export type SidecarStateInit = Omit<Init<'sluice.agent.v1.SidecarState'>, 'version'>;

/** One connected agent, as the states see it. */
export interface StateReceiver {
  send(state: Init<'sluice.agent.v1.SidecarState'>): void;
}

/** What the sidecar of one proxy is to work by, and whether it does. */
export class SidecarStates {
  #state: Init<'sluice.agent.v1.SidecarState'> | undefined;
  #encoded: Buffer = Buffer.alloc(0);
  #version = 0n;
  #taken = 0n;
  #receiver: StateReceiver | undefined;

  /** Whether the sidecar has said that it works by the state that it is to work by. */
  get isTaken(): boolean {
    return this.#taken === this.#version;
  }

  /** Sets what it is to work by; nothing is sent where that is what it was. */
  want(init: SidecarStateInit): void {
    const encoded = Buffer.from(encode('sluice.agent.v1.SidecarState', init));
    if (this.#state !== undefined && encoded.equals(this.#encoded)) return;
    this.#encoded = encoded;
    this.#version += 1n;
    this.#state = { ...init, version: this.#version };
    this.#receiver?.send(this.#state);
  }

  /** Takes the agent that has connected: it may have been started anew, and is told everything. */
  connected(receiver: StateReceiver): void {
    this.#receiver = receiver;
    this.#taken = 0n;
    if (this.#state !== undefined) receiver.send(this.#state);
  }

  /** Forgets an agent whose stream has ended. */
  disconnected(receiver: StateReceiver): void {
    if (this.#receiver === receiver) this.#receiver = undefined;
  }

  /** Takes the agent's word that the sidecar works by a version. */
  taken(version: bigint): void {
    this.#taken = version;
  }
}
