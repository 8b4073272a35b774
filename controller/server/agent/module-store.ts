import type { Clock } from '../../runtime/clock.ts';
import type { PodModules } from '../pod.ts';

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
  /** Tells which modules Envoy will be told to load; those that cannot be had are not among them. */
  want?(digests: readonly string[]): void;
  /** Tells which modules may still be in use; the agent deletes all others. */
  retain(digests: readonly string[]): void;
}

/** What a store works with. */
export interface ModuleStoreOptions {
  /** The module of a digest, or `undefined` while it cannot be had. */
  readonly load: (digest: string) => Promise<WasmModule | undefined>;
  /** Called whenever a path becomes known, or it turns out that there will be none soon. */
  readonly onReady: () => void;
  readonly clock: Clock;
}

/** How long a module that an agent could not store is not sent again, at first and at most. Milliseconds. */
const RETRY = { first: 1_000, most: 60_000 } as const;

/** What is known of one agent. */
interface Agent {
  readonly receiver: ModuleReceiver;
  /** See `podOf`. */
  readonly pod: string | undefined;
  /** Paths of what it has confirmed. */
  readonly paths: Map<string, string>;
  /** What it has or has been sent. */
  readonly sent: Set<string>;
  /** What it could not store, how often, and what sends it again. */
  readonly failures: Map<string, { readonly count: number; readonly cancel: () => void }>;
  retained: string | undefined;
  /** What it has been told that Envoy will be told to load. */
  told: string | undefined;
  isDelivering: boolean;
  /** Whether it has ever had all that is wanted: before, its Envoy has not started. */
  isComplete: boolean;
}

/**
 * The modules that one proxy is to have, and which of them its agents have confirmed: one for each copy of the proxy.
 *
 * A path is known only after every agent whose Envoy may run has said that the file is there and verified, and not any more
 * once an agent may delete it: Envoy rejects a resource that names a missing file.
 */
export class ModuleStore {
  readonly #options: ModuleStoreOptions;
  readonly #agents = new Map<ModuleReceiver, Agent>();
  /** Of the agent that left last. */
  #left: ReadonlyMap<string, string> = new Map();
  #wanted: ReadonlySet<string> = new Set();
  /** What could not be had when it was to be sent; tried again when it is wanted again. */
  readonly #missing = new Set<string>();

  constructor(options: ModuleStoreOptions) {
    this.#options = options;
  }

  /** The file in which this proxy has the module, or `undefined` while it has none. */
  path(digest: string): string | undefined {
    if (this.#agents.size === 0) return this.#left.get(digest);
    const agents = [...this.#agents.values()];
    const complete = agents.filter(({ isComplete }) => isComplete);
    const paths = (complete.length > 0 ? complete : agents).map((agent) => agent.paths.get(digest));
    const known = paths.find((path) => path !== undefined);
    return complete.length > 0 && paths.includes(undefined) ? undefined : known;
  }

  /** Tells of one pod alone: what an Envoy has is what the agent beside it has confirmed, not what agents of others have. */
  of(pod: string): PodModules {
    const agents = (): readonly Agent[] => [...this.#agents.values()].filter((one) => one.pod === pod);
    const isCompleteFor = (some: readonly Agent[]): boolean => this.#isCompleteFor(some);
    return {
      holds: (path) => agents().some(({ paths }) => [...paths.values()].includes(path)),
      get isComplete() {
        return isCompleteFor(agents());
      },
    };
  }

  /** Whether a module is on its way: wanted, not there yet, and nothing has gone wrong so far. */
  isComing(digest: string): boolean {
    const isWanted = this.#wanted.has(digest) && this.path(digest) === undefined;
    const hasFailed = [...this.#agents.values()].some(({ failures }) => failures.has(digest));
    return isWanted && !this.#missing.has(digest) && !hasFailed;
  }

  /** Sets the modules the proxy is to have; sends those its agents lack. */
  want(digests: Iterable<string>): void {
    this.#wanted = new Set(digests);
    this.#missing.clear();
    for (const agent of this.#agents.values()) {
      for (const digest of agent.failures.keys()) if (!this.#wanted.has(digest)) forgive(agent, digest);
      this.#tell(agent);
      void this.#deliver(agent);
    }
  }

  /** Lets go of all modules but these. Nothing may name their files any more, here or in Envoy. */
  retain(digests: Iterable<string>): void {
    const kept = new Set([...digests, ...this.#wanted]);
    this.#left = new Map([...this.#left].filter(([digest]) => kept.has(digest)));
    const list = [...kept].sort();
    const text = list.join();
    for (const agent of this.#agents.values()) {
      for (const digest of agent.paths.keys()) if (!kept.has(digest)) agent.paths.delete(digest);
      for (const digest of agent.sent) if (!kept.has(digest)) agent.sent.delete(digest);
      if (text === agent.retained) continue;
      agent.retained = text;
      agent.receiver.retain(list);
    }
  }

  /** Takes an agent that has connected, with the modules it has, and the pod that it is in, if any. */
  connected(receiver: ModuleReceiver, inventory: ReadonlyMap<string, string>, pod?: string): void {
    const agent: Agent = {
      receiver,
      pod,
      paths: new Map(inventory),
      sent: new Set(inventory.keys()),
      failures: new Map(),
      retained: undefined,
      told: undefined,
      isDelivering: false,
      isComplete: false,
    };
    this.#missing.clear();
    this.#agents.set(receiver, agent);
    this.#complete(agent);
    this.#tell(agent);
    void this.#deliver(agent);
    if (inventory.size > 0) this.#options.onReady();
  }

  /** Forgets an agent whose stream has ended. What it confirmed stays on disk, and is known until another comes. */
  disconnected(receiver: ModuleReceiver): void {
    const agent = this.#agents.get(receiver);
    if (agent === undefined) return;
    for (const digest of agent.failures.keys()) forgive(agent, digest);
    this.#agents.delete(receiver);
    if (this.#agents.size === 0) this.#left = agent.paths;
    // What only this one lacked is with all others.
    else this.#options.onReady();
  }

  /** Takes an agent's word that a module is on disk and verified. */
  ready(receiver: ModuleReceiver, digest: string, path: string): void {
    const agent = this.#agents.get(receiver);
    if (agent === undefined) return;
    forgive(agent, digest);
    if (!agent.sent.has(digest)) {
      // It was let go on its way there: the agent is to be told again.
      agent.retained = undefined;
      return;
    }
    if (agent.paths.get(digest) === path) return;
    agent.paths.set(digest, path);
    this.#complete(agent);
    this.#options.onReady();
  }

  /** Takes an agent's word that it could not store a module: a full disk has space later. */
  rejected(receiver: ModuleReceiver, digest: string): void {
    const agent = this.#agents.get(receiver);
    if (agent === undefined) return;
    const count = (agent.failures.get(digest)?.count ?? 0) + 1;
    forgive(agent, digest);
    const pause = Math.min(RETRY.most, RETRY.first * 2 ** (count - 1));
    const cancel = this.#options.clock.after(pause, () => {
      agent.sent.delete(digest);
      void this.#deliver(agent);
    });
    agent.failures.set(digest, { count, cancel });
    this.#tell(agent);
    this.#options.onReady();
  }

  /** Ends what is waiting. */
  close(): void {
    for (const agent of this.#agents.values()) for (const digest of agent.failures.keys()) forgive(agent, digest);
    this.#agents.clear();
  }

  /** Tells an agent what Envoy is to have before it starts. For what cannot be had, or cannot be stored, it is not to wait. */
  #tell(agent: Agent): void {
    const wanted = [...this.#wanted].filter((digest) => !this.#missing.has(digest) && !agent.failures.has(digest));
    if (agent.told === wanted.join()) return;
    agent.told = wanted.join();
    agent.receiver.want?.(wanted);
  }

  #isCompleteFor(agents: readonly Agent[]): boolean {
    const isThere = (digest: string): boolean =>
      agents.some(({ paths, failures }) => paths.has(digest) || failures.has(digest));
    return [...this.#wanted].every((digest) => this.#missing.has(digest) || isThere(digest));
  }

  #complete(agent: Agent): void {
    if ([...this.#wanted].every((digest) => agent.paths.has(digest))) agent.isComplete = true;
  }

  /** Sends what is missing, one module after the other: the pieces of two must not mix. */
  async #deliver(agent: Agent): Promise<void> {
    if (agent.isDelivering) return;
    agent.isDelivering = true;
    try {
      for (let next = this.#next(agent); next !== undefined; next = this.#next(agent)) {
        await this.#deliverOne(agent, next);
      }
    } finally {
      agent.isDelivering = false;
    }
  }

  #next(agent: Agent): string | undefined {
    if (!this.#agents.has(agent.receiver)) return undefined;
    return [...this.#wanted].find((digest) => !agent.sent.has(digest) && !this.#missing.has(digest));
  }

  async #deliverOne(agent: Agent, digest: string): Promise<void> {
    agent.sent.add(digest);
    const module = await this.#options.load(digest);
    if (!this.#agents.has(agent.receiver) || !agent.sent.has(digest)) return;
    if (module === undefined) {
      agent.sent.delete(digest);
      this.#missing.add(digest);
      for (const one of this.#agents.values()) this.#tell(one);
      this.#options.onReady();
    } else await agent.receiver.send(module);
  }
}

function forgive({ failures }: Agent, digest: string): void {
  failures.get(digest)?.cancel();
  failures.delete(digest);
}
