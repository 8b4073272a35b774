import { changes } from '../../xds/pieced-resources.ts';
import type { XdsResource, XdsResources } from '../../xds/snapshot.ts';
import type { XdsType } from '../../xds/types.ts';
import type { Rejection } from './rejection.ts';

/** Kinds that a client gets whole when it names none: it learns their names from the server alone. */
const WILDCARD_TYPES: ReadonlySet<XdsType> = new Set<XdsType>(['listener', 'virtual-host', 'cluster']);

/** Kinds of which Envoy waits for an answer to its first request, be it that there is nothing. */
const AWAITED_TYPES: ReadonlySet<XdsType> = new Set<XdsType>(['listener', 'cluster']);

/**
 * Kinds of which a client is not told that what it asked for does not exist. Envoy takes such an answer for the first one,
 * and then waits for another as long as it takes; unanswered it goes on after its initial fetch timeout.
 */
const SILENT_TYPES: ReadonlySet<XdsType> = new Set<XdsType>(['extension-config']);

/**
 * Kinds of which a response has one resource: Envoy takes an extension configuration that it has rejected for one that it has,
 * so that which of several it was cannot be found by sending them again.
 */
const SINGLE_TYPES: ReadonlySet<XdsType> = new Set<XdsType>(['extension-config']);

/** A difference that is ready to be sent. */
export interface Difference {
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
}

/** By name what a client is to have and lacks; `undefined` for what it has and is not to have. */
type Differing = ReadonlyMap<string, XdsResource | undefined>;

/** Which resources may be told of now, by name. */
export interface Permission {
  /** Whether the client can take the resource; until it can, it is not missed either. */
  readonly send: (name: string) => boolean;
  /** Whether the client may be told that the resource is gone, without having asked. */
  readonly remove: (name: string) => boolean;
}

/** A response that the client has not answered. */
interface Outstanding {
  readonly nonce: string;
  readonly difference: Difference;
  /** Names of its resources. */
  readonly names: ReadonlySet<string>;
}

/** So many answers may be outstanding that are not waited for; beyond, the next response waits for one of them. */
const MOST_EXCUSED = 1_000;
/** So many of them since the client has last said anything: it may not even read. */
const MOST_UNHEARD = 16;

/**
 * What one client wants and has of one kind of resource.
 *
 * At most one response is unanswered at any time, so a client that reads slowly costs one response of memory, and what
 * changes meanwhile is sent as one difference after its answer. A version that the client rejected is not sent again until
 * the resource changes; which of several it was is found by sending halves, so that it holds back no other.
 *
 * Cost follows the change: of two states that share pieces only the others are looked at.
 */
export class Subscription {
  readonly type: XdsType;
  #wildcard = false;
  readonly #names = new Set<string>();
  readonly #known = new Map<string, string>();
  /** Versions that the client rejected; it still runs what it had before. */
  readonly #rejected = new Map<string, Rejection>();
  /** Asked for by name and not answered yet: the answer may also be that there is none. */
  readonly #asked = new Set<string>();
  #unanswered: Outstanding | undefined;
  /** Responses whose answer is no longer waited for: Envoy withholds that to CDS while any cluster warms. */
  #excused: readonly Outstanding[] = [];
  /** How many of them became so since the client has last said anything. */
  #unheard = 0;
  #isFirstAwaited: boolean;
  /** Groups of names of which at least one was rejected, to be sent one group at a time. */
  #suspects: readonly (readonly string[])[] = [];
  /** A state that the client is known to have, and nothing else, save for what is in `#differing`. */
  #compared: XdsResources | undefined;
  #differing: Differing = new Map();
  /** Names of which the client may have been given or have lost something since. */
  readonly #touched = new Set<string>();

  /** The first names are those of the request that opens the subscription; `change` is not called for it. */
  constructor(type: XdsType, initialVersions: ReadonlyMap<string, string>, firstNames: readonly string[]) {
    this.type = type;
    for (const [name, version] of initialVersions) this.#known.set(name, version);
    if (WILDCARD_TYPES.has(type) && firstNames.length === 0) this.#wildcard = true;
    this.#isFirstAwaited = AWAITED_TYPES.has(type) && this.#wildcard;
    // What it says it has need not be sent again.
    this.#subscribe(firstNames);
  }

  /** Notes what the client wants from now on and no more. What it asks for again it has lost. */
  change(subscribe: readonly string[], unsubscribe: readonly string[]): void {
    for (const name of subscribe) this.#lose(name);
    this.#subscribe(subscribe);
    for (const name of unsubscribe) {
      if (name === '*') this.#wildcard = false;
      this.#names.delete(name);
      this.#asked.delete(name);
      this.#lose(name);
      this.#rejected.delete(name);
    }
  }

  #subscribe(names: readonly string[]): void {
    for (const name of names) {
      if (name === '*') this.#wildcard = true;
      else {
        this.#names.add(name);
        if (!this.#known.has(name)) this.#asked.add(name);
      }
    }
  }

  /** Whether a response waits for the client's answer. */
  get waiting(): boolean {
    return this.#unanswered !== undefined;
  }

  /** Whether the client has a version of a resource, be it one that it refused. */
  knows(name: string): boolean {
    return this.#known.has(name);
  }

  /** The version of a resource that the client works by, as far as it is known: not where it refused the last one. */
  runs(name: string): string | undefined {
    const version = this.#known.get(name);
    return this.#rejected.get(name)?.version === version ? undefined : version;
  }

  /** Whether the client has asked for a resource by its name, and still wants it. */
  names(name: string): boolean {
    return this.#names.has(name);
  }

  /**
   * Takes the client's answer to the response `nonce`, with its words where it rejects that; gives the resources that it has by
   * this. Where one of several is to blame they are sent again in parts until it is known which.
   */
  answer(nonce: string, error: string | undefined): readonly XdsResource[] {
    const { resources } = this.#take(nonce)?.difference ?? { resources: [] };
    const [first, ...rest] = resources;
    if (error === undefined || first === undefined) return resources;
    if (rest.length === 0) {
      const { name, version } = first;
      this.#rejected.set(name, { type: this.type, name, version, message: error });
      return [];
    }
    const names = resources.map(({ name }) => name);
    const half = Math.ceil(names.length / 2);
    this.#suspects = [names.slice(0, half), names.slice(half), ...this.#suspects];
    return [];
  }

  /** Names of the resources whose answer is waited for. */
  get awaited(): ReadonlySet<string> {
    return this.#unanswered?.names ?? new Set();
  }

  /** Whether the client withholds answers that are not waited for any longer. */
  get isWithheld(): boolean {
    return this.#excused.length > 0;
  }

  /** Names of the resources whose answer is due and was waited for as long as it may be; those that were sent anew are not. */
  get late(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const { difference, names: sent } of this.#excused) {
      for (const name of sent) names.add(name);
      for (const name of difference.removed) names.delete(name);
    }
    for (const name of this.awaited) names.delete(name);
    for (const name of this.#unanswered?.difference.removed ?? []) names.delete(name);
    return names;
  }

  /** Notes that the client has said something, of whatever kind: it has read what it was sent before. */
  heard(): void {
    this.#unheard = 0;
  }

  /** Does not wait for the answer to the last response any longer; it counts whenever it comes. */
  excuse(): void {
    if (this.#unanswered === undefined) return;
    if (this.#unheard >= MOST_UNHEARD || this.#excused.length >= MOST_EXCUSED) return;
    this.#unheard += 1;
    this.#excused = [...this.#excused, this.#unanswered];
    this.#unanswered = undefined;
  }

  /** Whether the client has acknowledged the current version of a resource. */
  acknowledged(resource: XdsResource): boolean {
    return !this.#lacks(resource) && !this.#isDue(resource.name);
  }

  /** Whether an answer is due, waited for or not. */
  #isDue(name: string): boolean {
    return this.#unanswered?.names.has(name) === true || this.#excused.some(({ names }) => names.has(name));
  }

  /** Whether the client has answered for every resource of `desired` that it wants, if only to refuse it. */
  settled(desired: XdsResources, { send }: Permission): boolean {
    if (this.waiting || this.#suspects.length > 0) return false;
    for (const [name, resource] of this.#compare(desired)) {
      if (resource !== undefined && this.#wants(name) && send(name)) return false;
    }
    return true;
  }

  #wants(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** What the client rejects of what it was sent last. */
  get rejections(): readonly Rejection[] {
    return [...this.#rejected.values()].filter(({ name, version }) => this.#known.get(name) === version);
  }

  /** Whether it is not known yet which resources of `desired` the client rejects, of those that it rejected together. */
  searches(desired: XdsResources): boolean {
    return this.#suspects.some((names) => names.some((name) => desired.has(name)));
  }

  /** Makes the resource be sent again although its version is known. */
  forget(name: string): void {
    if (this.#lose(name) && this.#names.has(name)) this.#asked.add(name);
  }

  /** Makes every such resource be sent again. */
  forgetAll(isSuch: (name: string) => boolean): void {
    for (const name of [...this.#known.keys()].filter(isSuch)) this.forget(name);
  }

  /**
   * What `desired` has and the client lacks, or `undefined` when there is nothing to say. Of resources that are gone those
   * are told that may be removed, and those that the client has just asked for by name.
   */
  difference(desired: XdsResources, { send, remove }: Permission): Difference | undefined {
    if (this.waiting) return undefined;
    const suspects = this.#nextSuspects(desired);
    if (suspects !== undefined) return suspects;
    const resources: XdsResource[] = [];
    const removed = new Set<string>();
    for (const [name, resource] of this.#compare(desired)) {
      if (resource === undefined) {
        if (remove(name)) removed.add(name);
      } else if (this.#wants(name) && send(name)) resources.push(resource);
    }
    if (!SILENT_TYPES.has(this.type)) for (const name of this.#asked) if (!desired.has(name)) removed.add(name);
    if (resources.length === 0 && removed.size === 0 && !this.#isFirstAwaited) return undefined;
    if (SINGLE_TYPES.has(this.type)) resources.length = Math.min(resources.length, 1);
    return { resources, removed: [...removed] };
  }

  /** Notes that `difference` went out as response `nonce`. */
  sent(nonce: string, difference: Difference): void {
    for (const { name, version } of difference.resources) {
      this.#known.set(name, version);
      this.#touched.add(name);
      this.#rejected.delete(name);
      this.#asked.delete(name);
    }
    for (const name of difference.removed) {
      this.#lose(name);
      this.#rejected.delete(name);
      this.#asked.delete(name);
    }
    this.#isFirstAwaited = false;
    this.#unanswered = { nonce, difference, names: new Set(difference.resources.map(({ name }) => name)) };
  }

  /** Returns whether the client had the resource. */
  #lose(name: string): boolean {
    this.#touched.add(name);
    return this.#known.delete(name);
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
  #nextSuspects(desired: XdsResources): Difference | undefined {
    while (this.#suspects[0] !== undefined) {
      const [names, ...rest] = this.#suspects;
      this.#suspects = rest;
      const resources = (names ?? []).flatMap((name) => desired.get(name) ?? []);
      if (resources.length > 0) return { resources, removed: [] };
    }
    return undefined;
  }

  /** What `desired` has of which the client lacks this version, and what the client has and `desired` does not. */
  #compare(desired: XdsResources): Differing {
    const before = this.#compared;
    if (before === desired && this.#touched.size === 0) return this.#differing;
    const differing = new Map<string, XdsResource | undefined>();
    const judge = (name: string, resource: XdsResource | undefined): void => {
      if (resource === undefined ? this.#known.has(name) : this.#lacks(resource)) differing.set(name, resource);
    };
    if (before === undefined) {
      for (const resource of desired.values()) judge(resource.name, resource);
      for (const name of this.#known.keys()) if (!desired.has(name)) differing.set(name, undefined);
    } else {
      const changed = changes(before, desired);
      for (const [name, resource] of changed) judge(name, resource);
      // What has not changed is what it was.
      for (const [name, resource] of this.#differing) if (!changed.has(name)) judge(name, resource);
      for (const name of this.#touched) {
        if (!changed.has(name) && !this.#differing.has(name)) judge(name, desired.get(name));
      }
    }
    this.#compared = desired;
    this.#differing = differing;
    this.#touched.clear();
    return differing;
  }

  #lacks(resource: XdsResource): boolean {
    return this.#known.get(resource.name) !== resource.version;
  }
}
