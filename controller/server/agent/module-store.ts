/** A Wasm module, verified: `digest` is that of `bytes`. */
export interface WasmModule {
  /** "sha256:" and 64 lower-case hexadecimal digits. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** One connected agent, as the store sees it. */
export interface ModuleReceiver {
  send(module: WasmModule): void;
}

/**
 * The modules that one proxy is to have, and which of them its agent has confirmed.
 *
 * A path is known only after the agent has said that the file is there and verified: Envoy rejects a resource that
 * names a missing file.
 */
export class ModuleStore {
  readonly #wanted = new Map<string, WasmModule>();
  readonly #paths = new Map<string, string>();
  readonly #onReady: () => void;
  #receiver: ModuleReceiver | undefined;
  #present: ReadonlySet<string> = new Set();

  /** `onReady` is called whenever a path becomes known. */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  /** The file in which this proxy has the module, or `undefined` while it has none. */
  path(digest: string): string | undefined {
    return this.#paths.get(digest);
  }

  /** Sets the modules the proxy is to have; sends those its agent lacks. */
  want(modules: readonly WasmModule[]): void {
    this.#wanted.clear();
    for (const module of modules) this.#wanted.set(module.digest, module);
    this.#deliver();
  }

  /** Takes the agent that has connected, with the modules it has. */
  connected(receiver: ModuleReceiver, inventory: ReadonlyMap<string, string>): void {
    this.#receiver = receiver;
    this.#present = new Set(inventory.keys());
    this.#paths.clear();
    for (const [digest, path] of inventory) this.#paths.set(digest, path);
    this.#deliver();
    if (inventory.size > 0) this.#onReady();
  }

  /** Forgets an agent whose stream has ended. What it confirmed stays on disk and stays known. */
  disconnected(receiver: ModuleReceiver): void {
    if (this.#receiver === receiver) this.#receiver = undefined;
  }

  /** Takes the agent's word that a module is on disk and verified. */
  ready(digest: string, path: string): void {
    if (this.#paths.get(digest) === path) return;
    this.#paths.set(digest, path);
    this.#onReady();
  }

  #deliver(): void {
    if (this.#receiver === undefined) return;
    const sent = new Set(this.#present);
    for (const module of this.#wanted.values()) {
      if (sent.has(module.digest)) continue;
      this.#receiver.send(module);
      sent.add(module.digest);
    }
    this.#present = sent;
  }
}
