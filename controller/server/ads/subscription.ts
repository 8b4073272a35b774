import type { XdsResource } from '../../xds/snapshot.ts';
import type { XdsType } from '../../xds/types.ts';

/** Kinds that a client gets whole when it names none: it learns their names from the server alone. */
const WILDCARD_TYPES: ReadonlySet<XdsType> = new Set<XdsType>(['listener', 'cluster']);

/**
 * Kinds of which a client is not told that what it asked for does not exist. Envoy takes such an answer for the first one,
 * and then waits for another as long as it takes; unanswered it goes on after its initial fetch timeout.
 */
const SILENT_TYPES: ReadonlySet<XdsType> = new Set<XdsType>(['extension-config']);

type Resources = ReadonlyMap<string, XdsResource>;

/** A difference that is ready to be sent. */
export interface Difference {
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
}

/** What became of a response once its client has answered it. */
export type Verdict =
  | { readonly kind: 'stale' }
  | { readonly kind: 'accepted' }
  /** One of several resources is to blame; they are sent again in parts until it is known which. */
  | { readonly kind: 'doubted' }
  | { readonly kind: 'rejected'; readonly resource: XdsResource };

/** A response that the client has not answered. */
interface Outstanding {
  readonly nonce: string;
  readonly difference: Difference;
}

/** So many answers may be outstanding that are not waited for; beyond, the next response waits for one of them. */
const MOST_EXCUSED = 16;

/**
 * What one client wants and has of one kind of resource.
 *
 * At most one response is unanswered at any time, so a client that reads slowly costs one response of memory, and what
 * changes meanwhile is sent as one difference after its answer. A version that the client rejected is not sent again until
 * the resource changes; which of several it was is found by sending halves, so that it holds back no other.
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
  #unanswered: Outstanding | undefined;
  /** Responses whose answer is no longer waited for: Envoy withholds that to CDS while any cluster warms. */
  #excused: readonly Outstanding[] = [];
  #answeredOnce = false;
  /** Groups of names of which at least one was rejected, to be sent one group at a time. */
  #suspects: readonly (readonly string[])[] = [];
  /** The resources that the client is known to lack nothing of, and whether those that are gone counted. */
  #upToDate: { readonly desired: Resources; readonly removals: boolean } | undefined;

  constructor(type: XdsType, initialVersions: ReadonlyMap<string, string>, firstNames: readonly string[]) {
    this.type = type;
    for (const [name, version] of initialVersions) this.#known.set(name, version);
    if (WILDCARD_TYPES.has(type) && firstNames.length === 0) this.#wildcard = true;
  }

  /** Notes what the client wants from now on and no more. */
  change(subscribe: readonly string[], unsubscribe: readonly string[]): void {
    if (subscribe.length + unsubscribe.length > 0) this.#upToDate = undefined;
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
      this.#refused.delete(name);
    }
  }

  /** Whether a response waits for the client's answer. */
  get waiting(): boolean {
    return this.#unanswered !== undefined;
  }

  /** Takes the client's answer to the response `nonce`. */
  answer(nonce: string, rejected: boolean): Verdict {
    const outstanding = this.#take(nonce);
    if (outstanding === undefined) return { kind: 'stale' };
    const { resources } = outstanding.difference;
    if (!rejected) return { kind: 'accepted' };
    this.#upToDate = undefined;
    const [first, ...rest] = resources;
    if (first === undefined) return { kind: 'accepted' };
    if (rest.length === 0) {
      this.#refused.set(first.name, first.version);
      return { kind: 'rejected', resource: first };
    }
    const names = resources.map(({ name }) => name);
    const half = Math.ceil(names.length / 2);
    this.#suspects = [names.slice(0, half), names.slice(half), ...this.#suspects];
    return { kind: 'doubted' };
  }

  /** Names of the resources whose answer is waited for. */
  get awaited(): readonly string[] {
    return this.#unanswered?.difference.resources.map(({ name }) => name) ?? [];
  }

  /** Names of the resources whose answer is still due, waited for or not. */
  get due(): ReadonlySet<string> {
    const late = this.#excused.flatMap(({ difference }) => difference.resources.map(({ name }) => name));
    return new Set([...late, ...this.awaited]);
  }

  /** Does not wait for the answer to the last response any longer; it counts whenever it comes. */
  excuse(): void {
    if (this.#unanswered === undefined || this.#excused.length >= MOST_EXCUSED) return;
    this.#excused = [...this.#excused, this.#unanswered];
    this.#unanswered = undefined;
  }

  /** Whether the client has acknowledged the current version of a resource. */
  acknowledged(resource: XdsResource): boolean {
    return !this.#lacks(resource) && !this.due.has(resource.name);
  }

  /** Whether the client has answered for every resource of `desired` at its version, if only to refuse it. */
  settled(desired: Resources): boolean {
    if (this.waiting || this.#suspects.length > 0) return false;
    if (this.#upToDate?.desired === desired) return true;
    for (const resource of desired.values()) if (this.#lacks(resource)) return false;
    return true;
  }

  /** Whether the client refuses a resource of `desired`. */
  refuses(desired: Resources): boolean {
    for (const [name, version] of this.#refused) if (desired.get(name)?.version === version) return true;
    return false;
  }

  /** Makes the resource be sent again although its version is known. */
  forget(name: string): void {
    if (!this.#known.delete(name)) return;
    this.#upToDate = undefined;
    if (this.#names.has(name)) this.#asked.add(name);
  }

  /**
   * What `desired` has and the client lacks, or `undefined` when there is nothing to say. Resources that are gone are
   * told only with `removals`, or when the client has just asked for one by name.
   */
  difference(desired: Resources, removals: boolean): Difference | undefined {
    if (this.waiting) return undefined;
    const suspects = this.#nextSuspects(desired);
    if (suspects !== undefined) return suspects;
    const known = this.#upToDate;
    if (known?.desired === desired && (known.removals || !removals)) return undefined;
    const resources = this.#wildcard
      ? [...desired.values()].filter((resource) => this.#lacks(resource))
      : [...this.#names].flatMap((name) => desired.get(name) ?? []).filter((resource) => this.#lacks(resource));
    const removed = this.#removed(desired, removals);
    if (resources.length === 0 && removed.size === 0 && (this.#answeredOnce || !this.#wildcard)) {
      this.#upToDate = { desired, removals };
      return undefined;
    }
    return { resources, removed: [...removed] };
  }

  /** Notes that `difference` went out as response `nonce`. */
  sent(nonce: string, difference: Difference): void {
    for (const { name, version } of difference.resources) {
      this.#known.set(name, version);
      this.#refused.delete(name);
      this.#asked.delete(name);
    }
    for (const name of difference.removed) {
      this.#known.delete(name);
      this.#refused.delete(name);
      this.#asked.delete(name);
    }
    this.#answeredOnce = true;
    this.#unanswered = { nonce, difference };
  }

  #take(nonce: string): Outstanding | undefined {
    if (this.#unanswered?.nonce === nonce) {
      const taken = this.#unanswered;
      this.#unanswered = undefined;
      return taken;
    }
    const taken = this.#excused.find((outstanding) => outstanding.nonce === nonce);
    if (taken !== undefined) this.#excused = this.#excused.filter((outstanding) => outstanding !== taken);
    return taken;
  }

  /** The next group of which one was rejected, as far as it still exists. */
  #nextSuspects(desired: Resources): Difference | undefined {
    while (this.#suspects[0] !== undefined) {
      const [names, ...rest] = this.#suspects;
      this.#suspects = rest;
      const resources = (names ?? []).flatMap((name) => desired.get(name) ?? []);
      if (resources.length > 0) return { resources, removed: [] };
    }
    return undefined;
  }

  #removed(desired: Resources, removals: boolean): ReadonlySet<string> {
    const removed = new Set<string>();
    if (!SILENT_TYPES.has(this.type)) for (const name of this.#asked) if (!desired.has(name)) removed.add(name);
    if (removals) for (const name of this.#known.keys()) if (!desired.has(name)) removed.add(name);
    return removed;
  }

  #lacks(resource: XdsResource): boolean {
    return this.#known.get(resource.name) !== resource.version;
  }
}
