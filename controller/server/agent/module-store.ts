import type { Clock } from '../../runtime/clock.ts';

/** A Wasm module, verified: `digest` is that of `bytes`. */
export interface WasmModule {
  /** "sha256:" and 64 lower-case hexadecimal digits. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** One connected agent, as the store sees it. */
export interface ModuleReceiver {
  /** Resolves when the agent can take more. */
  send(module: WasmModule): Promise<void>;
  /** Tells which modules may still be in use; the agent deletes all others. */
  retain(digests: readonly string[]): void;
}

/** What a store works with. */
export interface ModuleStoreOptions {
  /** The module of a digest, or `undefined` while it cannot be had. */
  readonly load: (digest: string) => Promise<WasmModule | undefined>;
  /** Called whenever a path becomes known. */
  readonly onReady: () => void;
  readonly clock: Clock;
}

/** How long a module that an agent could not store is not sent again, at first and at most. Milliseconds. */
const RETRY = { first: 1_000, most: 60_000 } as const;

/**
 * The modules that one proxy is to have, and which of them its agent has confirmed.
 *
 * A path is known only after the agent has said that the file is there and verified, and not any more once the agent may
 * delete it: Envoy rejects a resource that names a missing file.
 */
export class ModuleStore {
  readonly #options: ModuleStoreOptions;
  readonly #paths = new Map<string, string>();
  #wanted: ReadonlySet<string> = new Set();
  #receiver: ModuleReceiver | undefined;
  /** What the agent has or has been sent. */
  readonly #sent = new Set<string>();
  /** What the agent could not store, how often, and what sends it again. */
  readonly #failures = new Map<string, { readonly count: number; readonly cancel: () => void }>();
  /** What could not be had when it was to be sent; tried again when it is wanted again. */
  readonly #missing = new Set<string>();
  #retained: string | undefined;
  #isDelivering = false;

  constructor(options: ModuleStoreOptions) {
    this.#options = options;
  }

  /** The file in which this proxy has the module, or `undefined` while it has none. */
  path(digest: string): string | undefined {
    return this.#paths.get(digest);
  }

  /** Whether a module is on its way: wanted, not there yet, and nothing has gone wrong so far. */
  isComing(digest: string): boolean {
    const isWanted = this.#wanted.has(digest) && !this.#paths.has(digest);
    return isWanted && !this.#missing.has(digest) && !this.#failures.has(digest);
  }

  /** Sets the modules the proxy is to have; sends those its agent lacks. */
  want(digests: Iterable<string>): void {
    this.#wanted = new Set(digests);
    this.#missing.clear();
    for (const digest of this.#failures.keys()) if (!this.#wanted.has(digest)) this.#forgive(digest);
    void this.#deliver();
  }

  /** Lets go of all modules but these. Nothing may name their files any more, here or in Envoy. */
  retain(digests: Iterable<string>): void {
    const kept = new Set([...digests, ...this.#wanted]);
    for (const digest of this.#paths.keys()) if (!kept.has(digest)) this.#paths.delete(digest);
    for (const digest of this.#sent) if (!kept.has(digest)) this.#sent.delete(digest);
    const list = [...kept].sort();
    const text = list.join();
    if (this.#receiver === undefined || text === this.#retained) return;
    this.#retained = text;
    this.#receiver.retain(list);
  }

  /** Takes the agent that has connected, with the modules it has. */
  connected(receiver: ModuleReceiver, inventory: ReadonlyMap<string, string>): void {
    this.#receiver = receiver;
    this.#retained = undefined;
    this.#missing.clear();
    this.#sent.clear();
    this.#paths.clear();
    for (const digest of this.#failures.keys()) this.#forgive(digest);
    for (const [digest, path] of inventory) {
      this.#sent.add(digest);
      this.#paths.set(digest, path);
    }
    void this.#deliver();
    if (inventory.size > 0) this.#options.onReady();
  }

  /** Forgets an agent whose stream has ended. What it confirmed stays on disk and stays known. */
  disconnected(receiver: ModuleReceiver): void {
    if (this.#receiver === receiver) this.#receiver = undefined;
  }

  /** Takes the agent's word that a module is on disk and verified. */
  ready(digest: string, path: string): void {
    this.#forgive(digest);
    if (!this.#sent.has(digest)) {
      // It was let go on its way there: the agent is to be told again.
      this.#retained = undefined;
      return;
    }
    if (this.#paths.get(digest) === path) return;
    this.#paths.set(digest, path);
    this.#options.onReady();
  }

  /** Takes the agent's word that it could not store a module: a full disk has space later. */
  rejected(digest: string): void {
    const count = (this.#failures.get(digest)?.count ?? 0) + 1;
    this.#forgive(digest);
    const pause = Math.min(RETRY.most, RETRY.first * 2 ** (count - 1));
    const cancel = this.#options.clock.after(pause, () => {
      this.#sent.delete(digest);
      void this.#deliver();
    });
    this.#failures.set(digest, { count, cancel });
  }

  /** Ends what is waiting. */
  close(): void {
    for (const digest of this.#failures.keys()) this.#forgive(digest);
    this.#receiver = undefined;
  }

  #forgive(digest: string): void {
    this.#failures.get(digest)?.cancel();
    this.#failures.delete(digest);
  }

  /** Sends what is missing, one module after the other: the pieces of two must not mix. */
  async #deliver(): Promise<void> {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#deliverOne(next);
    } finally {
      this.#isDelivering = false;
    }
  }

  #next(): string | undefined {
    if (this.#receiver === undefined) return undefined;
    return [...this.#wanted].find((digest) => !this.#sent.has(digest) && !this.#missing.has(digest));
  }

  async #deliverOne(digest: string): Promise<void> {
    this.#sent.add(digest);
    const module = await this.#options.load(digest);
    const receiver = this.#receiver;
    if (receiver === undefined || !this.#sent.has(digest)) return;
    if (module === undefined) {
      this.#sent.delete(digest);
      this.#missing.add(digest);
    } else await receiver.send(module);
  }
}
