import type { XdsResource } from '../../xds/snapshot.ts';
import type { XdsType } from '../../xds/types.ts';

/** Kinds that a client gets whole when it names none: it learns their names from the server alone. */
const WILDCARD_TYPES: ReadonlySet<XdsType> = new Set<XdsType>(['listener', 'cluster']);

/**
 * Kinds of which a client is not told that what it asked for does not exist. Envoy takes such an answer for the first one,
 * and then waits for another as long as it takes; unanswered it goes on after its initial fetch timeout.
 */
const SILENT_TYPES: ReadonlySet<XdsType> = new Set<XdsType>(['extension-config']);

/** A difference that is ready to be sent. */
export interface Difference {
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
}

/** What became of a response once its client has answered it. */
export type Verdict =
  | { readonly kind: 'stale' }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected'; readonly names: readonly string[]; readonly removed: readonly string[] };

/**
 * What one client wants and has of one kind of resource.
 *
 * At most one response is unanswered at any time, so a client that reads slowly costs one response of memory, and what
 * changes meanwhile is sent as one difference after its answer. A version that the client rejected counts as one it
 * has: it is not sent again until the resource changes.
 */
export class Subscription {
  readonly type: XdsType;
  #wildcard = false;
  readonly #names = new Set<string>();
  readonly #known = new Map<string, string>();
  /** Versions that the client refused; it still runs what it had before. */
  readonly #refused = new Map<string, string>();
  /** Asked for by name and not answered yet: the answer may also be that there is none. */
  readonly #asked = new Set<string>();
  #unanswered: { readonly nonce: string; readonly difference: Difference } | undefined;
  #answeredOnce = false;

  constructor(type: XdsType, initialVersions: ReadonlyMap<string, string>, firstNames: readonly string[]) {
    this.type = type;
    for (const [name, version] of initialVersions) this.#known.set(name, version);
    if (WILDCARD_TYPES.has(type) && firstNames.length === 0) this.#wildcard = true;
  }

  /** Notes what the client wants from now on and no more. */
  change(subscribe: readonly string[], unsubscribe: readonly string[]): void {
    for (const name of subscribe) {
      if (name === '*') this.#wildcard = true;
      else {
        this.#names.add(name);
        this.#asked.add(name);
      }
    }
    for (const name of unsubscribe) {
      if (name === '*') this.#wildcard = false;
      this.#names.delete(name);
      this.#asked.delete(name);
      this.#known.delete(name);
    }
  }

  /** Whether a response waits for the client's answer. */
  get waiting(): boolean {
    return this.#unanswered !== undefined;
  }

  /** Takes the client's answer to the response `nonce`. */
  answer(nonce: string, rejected: boolean): Verdict {
    if (this.#unanswered?.nonce !== nonce) return { kind: 'stale' };
    const { resources, removed } = this.#unanswered.difference;
    this.#unanswered = undefined;
    if (rejected) for (const { name, version } of resources) this.#refused.set(name, version);
    return rejected ? { kind: 'rejected', names: resources.map(({ name }) => name), removed } : { kind: 'accepted' };
  }

  /** Whether the client has acknowledged every resource of `desired` at its version. */
  complete(desired: ReadonlyMap<string, XdsResource>): boolean {
    if (this.waiting) return false;
    for (const resource of desired.values()) {
      if (this.#lacks(resource) || this.#refused.get(resource.name) === resource.version) return false;
    }
    return true;
  }

  /** Makes the resource be sent again although its version is known. */
  forget(name: string): void {
    if (this.#known.delete(name) && this.#names.has(name)) this.#asked.add(name);
  }

  /**
   * What `desired` has and the client lacks, or `undefined` when there is nothing to say. Resources that are gone are
   * told only with `removals`, or when the client has just asked for one by name.
   */
  difference(desired: ReadonlyMap<string, XdsResource>, removals: boolean): Difference | undefined {
    if (this.waiting) return undefined;
    const resources: XdsResource[] = [];
    if (this.#wildcard) {
      for (const resource of desired.values()) if (this.#lacks(resource)) resources.push(resource);
    } else {
      for (const name of this.#names) {
        const resource = desired.get(name);
        if (resource !== undefined && this.#lacks(resource)) resources.push(resource);
      }
    }
    const removed = new Set<string>();
    if (!SILENT_TYPES.has(this.type)) for (const name of this.#asked) if (!desired.has(name)) removed.add(name);
    if (removals) for (const name of this.#known.keys()) if (!desired.has(name)) removed.add(name);
    if (resources.length === 0 && removed.size === 0 && (this.#answeredOnce || !this.#wildcard)) return undefined;
    return { resources, removed: [...removed] };
  }

  /** Notes that `difference` went out as response `nonce`. */
  sent(nonce: string, difference: Difference): void {
    for (const { name, version } of difference.resources) {
      this.#known.set(name, version);
      this.#refused.delete(name);
    }
    for (const name of difference.removed) {
      this.#known.delete(name);
      this.#refused.delete(name);
    }
    this.#asked.clear();
    this.#answeredOnce = true;
    this.#unanswered = { nonce, difference };
  }

  #lacks(resource: XdsResource): boolean {
    return this.#known.get(resource.name) !== resource.version;
  }
}
