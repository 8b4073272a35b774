import { isObject } from '#controller/api/compile.ts';
import { backOff } from '../fetch/back-off.ts';
import type { Clock } from '../runtime/clock.ts';
import { type ApiAnswer, type ApiServer, isGranted } from './api-server.ts';
import { askedPause, RequestError } from './request-error.ts';
import { resourcePath } from './resource-path.ts';
import { messageOf } from '../runtime/message-of.ts';

/** An object as an API server writes it. */
export type ApiObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ApiMetadata;
  readonly [field: string]: unknown;
};

/** The part of metadata that every object of an API server has. */
export type ApiMetadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly [field: string]: unknown;
};

/** What is told of the objects of a kind. */
export interface Reflection {
  /** An object is there, or is another one now. `listed` where it comes from a list, which is right whatever was told before. */
  upsert(object: ApiObject, listed: boolean): void;
  delete(object: ApiObject): void;
  /** A list is whole: what is not among these ("namespace/name") is gone. Also told, empty, for a kind that nobody serves. */
  listed(seen: ReadonlySet<string>): void;
}

/** What a reflector follows, and with what. */
export interface ReflectorOptions {
  readonly server: ApiServer;
  readonly group: string;
  /** Versions that will do, the best first. */
  readonly versions: readonly string[];
  readonly plural: string;
  readonly kind: string;
  /** Only objects of this namespace. */
  readonly namespace?: string;
  /** Only objects with these labels, as the API writes selectors. */
  readonly labelSelector?: string;
  readonly metadataOnly?: boolean;
  /** Whether a server may not serve the kind: that of a CustomResourceDefinition, unlike a core kind. */
  readonly mayBeAbsent: boolean;
  readonly reflection: Reflection;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: Health;
}

/** Told of what works and what does not. */
export interface Health {
  /** A request about a kind was answered as wished. */
  fine(what: string): void;
  /** It was not; it is tried again after `retryIn` milliseconds. */
  failed(what: string, message: string, retryIn: number): void;
  /** Calls `retry` as soon as another request that had failed is answered as wished. Returns what forgets that. */
  onRecovery?(retry: () => void): () => void;
}

/** Objects in a page of a list. */
const PAGE = '500';
/** Milliseconds before the first further try. */
const FIRST_PAUSE = 400;
/** The longest pause between two tries: an API server that is back is seen after this. Milliseconds. */
const LONGEST_PAUSE = 20_000;
/** How often it is looked whether a kind that nobody served is served now, where nothing tells. Milliseconds. */
const ABSENT_PAUSE = 30_000;
/** A server ends a watch after this, and half as much more by chance. Seconds. */
const WATCH_SECONDS = 300;
/** A watch that says nothing for so long is given up: bookmarks come every minute. Milliseconds. */
const SILENCE = 150_000;
/** A watch that ends without a word before this is a failure, not the end of its time. Milliseconds. */
const SHORTEST = 1_000;
/** A watch that a server refuses so often in a row is begun anew with a list. */
const MOST_REFUSALS = 4;

type WatchEnd = 'resume' | 'relist';

/** That a kind is not there, and what its definition suffers from where there is one that should make it be. */
interface Absence {
  readonly trouble: string | undefined;
}

/**
 * Follows the objects of one kind: a list in pages, then a watch that is resumed where it ended, and a list again only when
 * the server has forgotten what lies between. While the server cannot be reached nothing is told: what was said stays true.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #stopping = new AbortController();
  readonly #what: string;
  #version: string | undefined;
  #served: string | undefined;
  #failures = 0;
  #refusals = 0;
  /** How often a list was asked for from outside. */
  #asked = 0;
  /** Who asked for one and waits for it, each with how often it had been asked by then; the first first. */
  #waiting: { readonly asked: number; readonly told: () => void }[] = [];
  #synced: () => void = () => undefined;
  #cut: () => void = () => undefined;
  #wakeUp: () => void = () => undefined;
  /** It was woken since it last began to list. */
  #isWoken = false;
  /** Resolves when everything that exists has been told once. */
  readonly synced: Promise<void>;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    const { kind, namespace } = options;
    this.#what = namespace === undefined ? kind : `${kind} in ${namespace}`;
    this.synced = new Promise((resolve) => {
      this.#synced = resolve;
    });
  }

  /** Starts to follow; what goes wrong is tried again until `stop`. */
  start(): void {
    void this.#run();
  }

  /** Tells no more. */
  stop(): void {
    this.#stopping.abort();
    this.#cut();
    this.#wakeUp();
  }

  /**
   * Lists everything anew: something beside the objects themselves has changed what is to be told of them. Resolves when a list
   * has been told that began afterwards, whoever else has asked for one since.
   */
  relist(): Promise<void> {
    this.#asked += 1;
    this.#version = undefined;
    this.#isWoken = true;
    this.#cut();
    this.#wakeUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ asked: this.#asked, told: resolve });
    return promise;
  }

  /** Tries at once what waits for its next try, or is about to. */
  wake(): void {
    this.#failures = 0;
    this.#isWoken = true;
    this.#wakeUp();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#version === undefined) {
          const asked = this.#asked;
          this.#isWoken = false;
          if (!(await this.#list(asked))) {
            this.#told(new Set(), asked);
            if (!this.#isWoken) await this.#pause(ABSENT_PAUSE * (0.75 + this.#options.random() / 2));
            continue;
          }
        }
        if (this.#version !== undefined && (await this.#watch()) === 'relist') this.#version = undefined;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        await this.#failed(error);
      }
    }
  }

  async #failed(error: unknown): Promise<void> {
    this.#failures += 1;
    const { random, health } = this.#options;
    const asked = askedPause(error);
    const pause = Math.max(asked, backOff(this.#failures, FIRST_PAUSE, random(), LONGEST_PAUSE));
    health.failed(this.#what, messageOf(error), pause);
    // Who was told when to come again comes then.
    const forget = asked > 0 ? undefined : health.onRecovery?.(() => this.#wakeUp());
    await this.#pause(pause);
    forget?.();
  }

  #fine(): void {
    this.#failures = 0;
    this.#refusals = 0;
    this.#options.health.fine(this.#what);
  }

  /** `asked` is how often it had been asked when the list began. */
  #told(seen: ReadonlySet<string>, asked: number): void {
    if (this.#stopping.signal.aborted) return;
    this.#options.reflection.listed(seen);
    this.#synced();
    const later = this.#waiting.findIndex((waiting) => waiting.asked > asked);
    for (const { told } of this.#waiting.splice(0, later === -1 ? this.#waiting.length : later)) told();
  }

  /** Lists everything; false when nobody serves the kind. */
  async #list(asked: number): Promise<boolean> {
    const { versions } = this.#options;
    const first = this.#served ?? versions[0] ?? '';
    for (const version of [first, ...versions.filter((other) => other !== first)]) {
      const answer = await this.#page(version, undefined);
      if (answer.status === 404) continue;
      this.#served = version;
      await this.#take(version, answer, asked);
      return true;
    }
    const absence = this.#options.mayBeAbsent ? await this.#absence() : undefined;
    if (absence === undefined) throw new Error(`${this.#what}: the API server does not serve it just now`);
    this.#served = undefined;
    if (absence.trouble === undefined) this.#fine();
    else this.#options.health.failed(this.#what, absence.trouble, ABSENT_PAUSE);
    this.#failures = 0;
    return false;
  }

  /** Takes a list in, page by page: only a page is held at a time. */
  async #take(version: string, first: ApiAnswer, asked: number): Promise<void> {
    const seen = new Set<string>();
    let answer = first;
    for (;;) {
      // A list that took so long that its pages are forgotten begins anew.
      if (answer.status === 410) {
        seen.clear();
        answer = await this.#page(version, undefined);
      }
      if (!isGranted(answer)) throw new RequestError(answer, 'cannot be listed');
      const { items, resourceVersion, next } = readList(answer.body);
      for (const item of items) this.#upsert(item, true, seen);
      if (next === undefined) {
        // One that was asked for in the meantime is for what came before, too.
        this.#version = asked === this.#asked ? resourceVersion : undefined;
        this.#fine();
        this.#told(seen, asked);
        return;
      }
      answer = await this.#page(version, next);
    }
  }

  async #page(version: string, next: string | undefined): Promise<ApiAnswer> {
    const { server, metadataOnly } = this.#options;
    return server.ask({
      method: 'GET',
      path: this.#path(version),
      query: { limit: PAGE, continue: next, labelSelector: this.#options.labelSelector },
      ...(metadataOnly === undefined ? {} : { metadataOnly }),
      signal: this.#stopping.signal,
    });
  }

  /**
   * An API server that starts, or what stands before it, knows custom kinds only after a while: none is believed to be absent
   * until nobody defines it, in a version that we know, or its definition has never been in force.
   */
  async #absence(): Promise<Absence | undefined> {
    const { server, plural, group, versions } = this.#options;
    const definition = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' };
    const path = resourcePath(definition, { name: `${plural}.${group}` });
    const answer = await server.ask({ method: 'GET', path, signal: this.#stopping.signal });
    if (answer.status === 404) return { trouble: undefined };
    if (!isGranted(answer)) return undefined;
    const trouble = namesRefused(answer.body);
    return trouble !== undefined || !servesAny(answer.body, versions) ? { trouble } : undefined;
  }

  async #watch(): Promise<WatchEnd> {
    const { server, clock, random, metadataOnly } = this.#options;
    const cut = new AbortController();
    this.#cut = () => cut.abort();
    const began = clock.now();
    let end: WatchEnd = 'resume';
    let isCut = false;
    let saysNothing = true;
    let hush = (): void => undefined;
    const listen = (): void => {
      hush();
      hush = clock.after(SILENCE, () => {
        isCut = true;
        cut.abort();
      });
    };
    listen();
    try {
      const answer = await server.watch(
        {
          path: this.#path(this.#served ?? ''),
          query: {
            resourceVersion: this.#version,
            labelSelector: this.#options.labelSelector,
            allowWatchBookmarks: 'true',
            timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + random() / 2))),
          },
          ...(metadataOnly === undefined ? {} : { metadataOnly }),
          signal: AbortSignal.any([cut.signal, this.#stopping.signal]),
        },
        (event) => {
          if (cut.signal.aborted || this.#stopping.signal.aborted) return;
          listen();
          saysNothing = false;
          if (this.#onEvent(event) === 'relist') {
            end = 'relist';
            cut.abort();
          }
        },
      );
      if (answer.status !== 200) return this.#refused(answer);
      if (saysNothing && clock.now() - began < SHORTEST) throw new Error(`${this.#what}: the watch ended at once`);
      return this.#version === undefined ? 'relist' : end;
    } catch (error) {
      if (error instanceof RequestError) throw error;
      if (!this.#stopping.signal.aborted && cut.signal.aborted) return isCut ? 'resume' : 'relist';
      throw error;
    } finally {
      hush();
      this.#cut = () => undefined;
    }
  }

  #refused(answer: ApiAnswer): WatchEnd {
    if (answer.status === 410 || answer.status === 404) return 'relist';
    this.#refusals += 1;
    if (this.#refusals < MOST_REFUSALS) throw new RequestError(answer, 'cannot be watched');
    // A server that was restored from a copy knows of no such version, and never will.
    this.#refusals = 0;
    return 'relist';
  }

  #onEvent(event: unknown): WatchEnd {
    const { type, object } = isObject(event) ? event : {};
    if (type === 'ERROR') return this.#onError(object);
    if (!isApiObject(object)) return 'resume';
    if (type === 'DELETED') this.#options.reflection.delete(this.#complete(object));
    else if (type === 'ADDED' || type === 'MODIFIED') this.#upsert(object, false);
    this.#version = object.metadata.resourceVersion ?? this.#version;
    this.#fine();
    return 'resume';
  }

  #onError(status: unknown): WatchEnd {
    const code = isObject(status) && typeof status['code'] === 'number' ? status['code'] : 500;
    return this.#refused({ status: code, body: status, retryAfter: undefined });
  }

  #upsert(object: unknown, listed: boolean, seen?: Set<string>): void {
    if (this.#stopping.signal.aborted || !hasName(object)) return;
    const whole = this.#complete(object);
    seen?.add(`${whole.metadata.namespace ?? ''}/${whole.metadata.name}`);
    this.#options.reflection.upsert(whole, listed);
  }

  /** Items of lists do not say what they are. */
  #complete(object: Named): ApiObject {
    const { group, kind } = this.#options;
    const version = this.#served ?? '';
    return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind };
  }

  #path(version: string): string {
    const { group, plural, namespace } = this.#options;
    return resourcePath({ group, version, plural }, namespace === undefined ? {} : { namespace });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopping.signal.aborted) {
        resolve();
        return;
      }
      const cancel = this.#options.clock.after(ms, resolve);
      this.#wakeUp = () => {
        cancel();
        resolve();
      };
    });
  }
}

type Named = { readonly metadata: ApiMetadata; readonly [field: string]: unknown };

function hasName(value: unknown): value is Named {
  return isObject(value) && isObject(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

/** A bookmark has no name. */
function isApiObject(value: unknown): value is Named {
  return isObject(value) && isObject(value['metadata']);
}

function readList(body: unknown): {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
} {
  const { items, metadata } = isObject(body) ? body : {};
  const { resourceVersion, continue: next } = isObject(metadata) ? metadata : {};
  return {
    items: Array.isArray(items) ? items : [],
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    next: typeof next === 'string' && next !== '' ? next : undefined,
  };
}

/** Whether a definition (CustomResourceDefinition `spec.versions`) has one of these versions served; one that says nothing may. */
function servesAny(definition: unknown, versions: readonly string[]): boolean {
  const spec = isObject(definition) ? definition['spec'] : undefined;
  const defined: unknown = isObject(spec) ? spec['versions'] : undefined;
  if (!Array.isArray(defined)) return true;
  return defined.some(
    (version) => isObject(version) && version['served'] === true && versions.includes(String(version['name'])),
  );
}

/**
 * Why a definition is not in force: another one of its group has its names (CustomResourceDefinition `status.conditions`,
 * NamesAccepted). One that has been in force once (Established) stays so under the names that it had.
 */
function namesRefused(definition: unknown): string | undefined {
  const status = isObject(definition) ? definition['status'] : undefined;
  const conditions: unknown = isObject(status) ? status['conditions'] : undefined;
  const all = Array.isArray(conditions) ? conditions.filter(isObject) : [];
  const refused = all.find(({ type, status: is }) => type === 'NamesAccepted' && is === 'False');
  if (refused === undefined || all.some(({ type, status: is }) => type === 'Established' && is === 'True'))
    return undefined;
  return `its definition is not in force, its names are taken: ${String(refused['message'] ?? refused['reason'])}`;
}
