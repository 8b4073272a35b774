import { backOff } from '#controller/fetch/back-off.ts';
import type { ApiServer } from '#controller/kubernetes/api-server.ts';
import type { ApiMetadata, ApiObject, Health } from '#controller/kubernetes/reflector.ts';
import { resourcePath, statusMessage } from '#controller/kubernetes/resource-path.ts';
import { isObject } from '#controller/api/compile.ts';
import type { KindSchema } from '#controller/api/kind.ts';
import type { Clock } from '#controller/runtime/clock.ts';
import { isOlder } from '#controller/kubernetes/version-order.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** What objects are fetched with, and who is told of them. */
export interface ReferencedOptions {
  readonly server: ApiServer;
  readonly kind: KindSchema;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: Health;
  readonly found: (object: ApiObject) => void;
  readonly gone: (namespace: string, name: string) => void;
  /** Everything that is wanted has been answered for. */
  readonly settled: () => void;
}

interface Wanted {
  readonly namespace: string;
  readonly name: string;
  /** The version that was fetched, "" where there is no such object, undefined while that is not known. */
  version: string | undefined;
  /** The newest version that was heard of. */
  heard: string | undefined;
  isFetching: boolean;
  failures: number;
}

/** So many are fetched at the same time. */
const AT_ONCE = 16;
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 20_000;

/**
 * The objects of a kind that something refers to, and of no other more than its metadata, which passes by: that a Secret has
 * changed is known from a watch of metadata, and only then is it fetched, by name.
 */
export class ReferencedObjects {
  readonly #options: ReferencedOptions;
  readonly #wanted = new Map<string, Wanted>();
  readonly #queue: Wanted[] = [];
  readonly #stopping = new AbortController();
  #running = 0;
  #open = 0;

  constructor(options: ReferencedOptions) {
    this.#options = options;
  }

  /** Whether everything that is wanted has been answered for. */
  get isSettled(): boolean {
    return this.#open === 0;
  }

  want(namespace: string, name: string): void {
    const id = `${namespace}/${name}`;
    if (this.#wanted.has(id)) return;
    const wanted: Wanted = { namespace, name, version: undefined, heard: undefined, isFetching: false, failures: 0 };
    this.#wanted.set(id, wanted);
    this.#open += 1;
    this.#enqueue(wanted);
  }

  unwant(namespace: string, name: string): void {
    const id = `${namespace}/${name}`;
    const wanted = this.#wanted.get(id);
    if (wanted === undefined) return;
    this.#wanted.delete(id);
    if (wanted.version === undefined) this.#close();
  }

  /** Metadata of an object that is there, or has changed. */
  heard({ namespace = '', name, resourceVersion }: ApiMetadata): void {
    const wanted = this.#wanted.get(`${namespace}/${name}`);
    if (wanted === undefined || resourceVersion === undefined) return;
    wanted.heard = resourceVersion;
    if (wanted.version !== undefined && isOlder(wanted.version, resourceVersion)) this.#enqueue(wanted);
  }

  /** An object has been deleted. */
  deleted({ namespace = '', name }: ApiMetadata): void {
    const wanted = this.#wanted.get(`${namespace}/${name}`);
    if (wanted?.version === undefined || wanted.version === '') return;
    this.#forget(wanted);
  }

  /** A list of metadata is whole: what is wanted and not in it is gone. `isMeant` tells of which namespaces it was. */
  listed(seen: ReadonlySet<string>, isMeant: (namespace: string) => boolean): void {
    for (const [id, wanted] of this.#wanted) {
      if (!seen.has(id) && isMeant(wanted.namespace) && wanted.version !== undefined && wanted.version !== '') {
        this.#forget(wanted);
      }
    }
  }

  stop(): void {
    this.#stopping.abort();
    this.#queue.length = 0;
  }

  #forget(wanted: Wanted): void {
    wanted.version = '';
    wanted.heard = undefined;
    this.#options.gone(wanted.namespace, wanted.name);
  }

  #enqueue(wanted: Wanted): void {
    if (wanted.isFetching) return;
    wanted.isFetching = true;
    this.#queue.push(wanted);
    this.#pump();
  }

  #pump(): void {
    while (this.#running < AT_ONCE) {
      const wanted = this.#queue.shift();
      if (wanted === undefined) return;
      this.#running += 1;
      void this.#fetch(wanted).finally(() => {
        this.#running -= 1;
        this.#pump();
      });
    }
  }

  async #fetch(wanted: Wanted): Promise<void> {
    const { server, kind, found } = this.#options;
    const { namespace, name } = wanted;
    const path = resourcePath(
      { group: kind.group, version: kind.storageVersion, plural: kind.plural },
      { namespace, name },
    );
    let asked = 0;
    try {
      const answer = await server.ask({ method: 'GET', path, signal: this.#stopping.signal });
      if (!this.#isWanted(wanted)) return;
      asked = answer.retryAfter ?? 0;
      if (answer.status === 404) {
        wanted.isFetching = false;
        const isNew = wanted.version === undefined;
        this.#forget(wanted);
        if (isNew) this.#close();
        return;
      }
      // One that may not be read is as good as absent, and nobody waits for it; who had it keeps it.
      if (answer.status === 403 && wanted.version === undefined) {
        wanted.version = '';
        this.#close();
      }
      if (answer.status !== 200 || !isNamed(answer.body)) {
        throw new Error(`${answer.status} ${statusMessage(answer.body) ?? ''}`);
      }
      this.#options.health.fine(`${kind.kind} by name`);
      const isNew = wanted.version === undefined;
      wanted.isFetching = false;
      wanted.failures = 0;
      wanted.version = answer.body.metadata.resourceVersion ?? '';
      found({ ...answer.body, apiVersion: kind.storageVersion, kind: kind.kind });
      if (isNew) this.#close();
      if (wanted.heard !== undefined && isOlder(wanted.version, wanted.heard)) this.#enqueue(wanted);
    } catch (error) {
      if (this.#stopping.signal.aborted || !this.#isWanted(wanted)) return;
      wanted.failures += 1;
      this.#retry(wanted, error, asked);
    }
  }

  /** Tries again, not before it was `asked` to, if it was. Milliseconds. */
  #retry(wanted: Wanted, error: unknown, asked: number): void {
    const { clock, random, health, kind } = this.#options;
    const pause = Math.max(asked, backOff(wanted.failures, FIRST_PAUSE, random(), LONGEST_PAUSE));
    health.failed(`${kind.kind} by name`, messageOf(error), pause);
    const again = (): void => {
      cancel();
      forget?.();
      wanted.isFetching = false;
      if (this.#isWanted(wanted) && !this.#stopping.signal.aborted) this.#enqueue(wanted);
    };
    const cancel = clock.after(pause, again);
    const forget = asked > 0 ? undefined : health.onRecovery?.(again);
  }

  #isWanted(wanted: Wanted): boolean {
    return this.#wanted.get(`${wanted.namespace}/${wanted.name}`) === wanted;
  }

  #close(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#options.settled();
  }
}

function isNamed(value: unknown): value is { readonly metadata: ApiMetadata; readonly [field: string]: unknown } {
  return isObject(value) && isObject(value['metadata']) && typeof value['metadata']['name'] === 'string';
}
