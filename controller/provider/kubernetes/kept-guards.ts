import { isObject } from '#controller/api/compile.ts';
import { backOff } from '#controller/fetch/back-off.ts';
import { type ApiServer, isGranted } from '#controller/kubernetes/api-server.ts';
import type { ApiMetadata, Health } from '#controller/kubernetes/reflector.ts';
import { askedPause, RequestError } from '#controller/kubernetes/request-error.ts';
import { resourcePath } from '#controller/kubernetes/resource-path.ts';
import type { Clock } from '#controller/runtime/clock.ts';
import { messageOf } from '#controller/runtime/message-of.ts';
import { namespaceIn } from '../key.ts';
import type { ResourceKey } from '../provider.ts';

/** With what it is found out whether guards are to be kept, and who is told of those that are not. */
export interface KeptGuardsOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: Health;
  /** Whether what is in a namespace that says this of itself is read. */
  readonly isRead: (namespace: ApiMetadata) => boolean;
  /** Whether a namespace has been told of, and not that it is gone. */
  readonly isKnown: (namespace: string) => boolean;
  /** A guard is not to be kept any more. */
  readonly release: (key: ResourceKey) => void;
}

/** So many namespaces are asked for at the same time. */
const AT_ONCE = 8;
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 20_000;
/** As what asking is told of. */
const WHAT = 'a namespace of which a policy is gone';

/**
 * Guards (policies and the like) that are gone, and stay in force for what they guard, which goes with them. Kinds are watched
 * one by one: that a policy is gone may be heard before that its namespace is being deleted, or is not read any more, and that
 * a namespace is gone before that its routes are. So the API server is asked how the namespace is by now. A guard that is gone
 * by itself is let go as soon as that is known, another one with what else there is of its namespace.
 */
export class KeptGuards {
  readonly #options: KeptGuardsOptions;
  /** Each time that a guard goes is told from others. */
  readonly #kept = new Map<string, Map<ResourceKey, symbol>>();
  /** Namespaces that are being deleted. */
  readonly #ending = new Set<string>();
  /** Namespaces that are gone, with what has not been told to be. */
  readonly #gone = new Map<string, Set<ResourceKey>>();
  readonly #queue = new Set<string>();
  readonly #asking = new Set<string>();
  readonly #stopping = new AbortController();
  /** Ends the pauses before further tries. */
  readonly #pauses = new Set<() => void>();

  constructor(options: KeptGuardsOptions) {
    this.#options = options;
  }

  /** A guard is gone; also one of which that has been told before. */
  lost(key: ResourceKey): void {
    const namespace = namespaceIn(key);
    const kept = this.#kept.get(namespace) ?? new Map<ResourceKey, symbol>();
    if (kept.has(key)) return;
    this.#kept.set(namespace, kept.set(key, Symbol(key)));
    if (!this.#ending.has(namespace) && !this.#gone.has(namespace)) this.#ask(namespace);
  }

  /** A guard is there. */
  there(key: ResourceKey): void {
    this.#unkeep(key);
  }

  /** Something else is there. */
  otherThere(key: ResourceKey): void {
    this.#gone.get(namespaceIn(key))?.add(key);
  }

  /** Something else is gone. */
  otherLost(key: ResourceKey): void {
    const namespace = namespaceIn(key);
    const left = this.#gone.get(namespace);
    if (left?.delete(key) === true && left.size === 0) this.#end(namespace);
  }

  /** A namespace is there, and says this of itself. */
  namespaceThere(metadata: ApiMetadata): void {
    const { name } = metadata;
    this.#gone.delete(name);
    if (metadata['deletionTimestamp'] === undefined) this.#ending.delete(name);
    else this.#ending.add(name);
    if (this.#kept.has(name) && !this.#ending.has(name)) this.#ask(name);
  }

  /** A namespace is gone; these of it, but for guards, have not been told to be. */
  namespaceLost(name: string, left: Iterable<ResourceKey>): void {
    this.#ending.delete(name);
    this.#gone.set(name, new Set(left));
    if (this.#gone.get(name)?.size === 0) this.#end(name);
  }

  /** Nothing of a namespace is in force any more. */
  forget(namespace: string): void {
    this.#kept.delete(namespace);
  }

  stop(): void {
    this.#stopping.abort();
    this.#queue.clear();
    for (const end of this.#pauses) end();
  }

  #end(namespace: string): void {
    this.#gone.delete(namespace);
    for (const key of this.#kept.get(namespace)?.keys() ?? []) this.#release(key);
  }

  #release(key: ResourceKey): void {
    this.#unkeep(key);
    this.#options.release(key);
  }

  #unkeep(key: ResourceKey): void {
    const namespace = namespaceIn(key);
    const kept = this.#kept.get(namespace);
    if (kept?.delete(key) === true && kept.size === 0) this.#kept.delete(namespace);
  }

  #ask(namespace: string): void {
    this.#queue.add(namespace);
    this.#pump();
  }

  #pump(): void {
    for (const namespace of this.#queue) {
      if (this.#asking.size >= AT_ONCE) return;
      // What has gone since it was asked for is asked for again.
      if (this.#asking.has(namespace)) continue;
      this.#queue.delete(namespace);
      this.#asking.add(namespace);
      void this.#settle(namespace).finally(() => {
        this.#asking.delete(namespace);
        this.#pump();
      });
    }
  }

  /** Lets go what has been lost by itself. */
  async #settle(namespace: string): Promise<void> {
    const lost = new Map(this.#kept.get(namespace));
    const found = await this.#read(namespace);
    if (this.#stopping.signal.aborted) return;
    const { isRead, isKnown } = this.#options;
    const isGoing =
      found === undefined
        ? isKnown(namespace) || this.#gone.has(namespace)
        : found['deletionTimestamp'] !== undefined || !isRead(found);
    // The watch of namespaces will tell.
    if (isGoing) return;
    for (const [key, time] of lost) if (this.#kept.get(namespace)?.get(key) === time) this.#release(key);
  }

  /** How a namespace is by now, whatever its watch has told; undefined where there is none. Tried until it is answered. */
  async #read(namespace: string): Promise<ApiMetadata | undefined> {
    const { server, health, random } = this.#options;
    const { signal } = this.#stopping;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        const answer = await server.ask({
          method: 'GET',
          path: resourcePath({ group: '', version: 'v1', plural: 'namespaces' }, {}),
          // There is a right to list them, and no need of another one.
          query: { fieldSelector: `metadata.name=${namespace}` },
          metadataOnly: true,
          signal,
        });
        if (!isGranted(answer)) throw new RequestError(answer, 'cannot be listed');
        health.fine(WHAT);
        return metadataIn(answer.body, namespace);
      } catch (error) {
        if (signal.aborted) break;
        const asked = askedPause(error);
        const pause = Math.max(asked, backOff(failures, FIRST_PAUSE, random(), LONGEST_PAUSE));
        health.failed(WHAT, messageOf(error), pause);
        await this.#pause(pause, asked === 0);
      }
    }
    return undefined;
  }

  /** Who was told when to come again comes no earlier. */
  #pause(ms: number, mayEndEarlier: boolean): Promise<void> {
    const { clock, health } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      cancel();
      forget?.();
      this.#pauses.delete(end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    const forget = mayEndEarlier ? health.onRecovery?.(end) : undefined;
    this.#pauses.add(end);
    return promise;
  }
}

/** The metadata of the object of this name in a list. */
function metadataIn(list: unknown, name: string): ApiMetadata | undefined {
  const items: unknown = isObject(list) ? list['items'] : undefined;
  const all: readonly unknown[] = Array.isArray(items) ? items : [];
  return all.map((item) => (isObject(item) ? item['metadata'] : undefined)).find((metadata) => isOf(metadata, name));
}

function isOf(metadata: unknown, name: string): metadata is ApiMetadata {
  return isObject(metadata) && metadata['name'] === name;
}
