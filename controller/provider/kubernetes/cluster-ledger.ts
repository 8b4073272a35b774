import { hash } from 'node:crypto';
import { formatFieldPath } from '#controller/api/field-path.ts';
import type { Resource } from '#controller/api/gen/types.d.ts';
import type { KindSchema } from '#controller/api/kind.ts';
import type { ApiObject } from '#controller/kubernetes/reflector.ts';
import { type Admission, admit } from '../admit.ts';
import { keyOf, namespaceIn } from '../key.ts';
import { ProblemBook } from '../problem-book.ts';
import type { Problem, ResourceBatch, ResourceEvent, ResourceKey } from '../provider.ts';
import { neededFields } from './needed-fields.ts';
import { referencesOf } from './references.ts';

/** Where the place of a problem would be: an object of a cluster is in no file. */
export const CLUSTER = 'cluster';

interface Held {
  /** Tells one state of the object from another without keeping it. */
  readonly print: string;
  /** The last good version. */
  readonly resource: Resource | undefined;
  readonly references: readonly ResourceKey[];
  readonly problems: readonly Problem[];
}

/** What of references has changed: what nobody referred to before, and what nobody refers to any more. */
export interface ReferenceChange {
  readonly added: readonly ResourceKey[];
  readonly dropped: readonly ResourceKey[];
}

/** What a cluster's objects say, and the events that tell of its changes. Refuses to know how objects come. */
export class ClusterLedger {
  readonly #held = new Map<ResourceKey, Held>();
  readonly #told = new Map<ResourceKey, Resource>();
  readonly #dirty = new Set<ResourceKey>();
  readonly #referrers = new Map<ResourceKey, number>();
  readonly #problems = new ProblemBook();

  /** Takes an object in; returns what changed of references, or undefined when the object says the same as before. */
  take(kind: KindSchema, object: ApiObject): ReferenceChange | undefined {
    const { namespace = '', name } = object.metadata;
    const key = keyOf(kind.group, kind.kind, namespace, name);
    const written = neededFields(kind, object);
    const print = hash('sha1', JSON.stringify(written), 'base64');
    const before = this.#held.get(key);
    if (before?.print === print) return undefined;
    const admission = admit(written);
    const resource = admission.kind === 'resource' ? admission.resource : before?.resource;
    const references = resource === undefined ? [] : referencesOf(resource);
    this.#held.set(key, { print, resource, references, problems: problemsOf(admission) });
    this.#dirty.add(key);
    return this.#refer(before?.references ?? [], references);
  }

  /** Lets an object go; returns what changed of references, or undefined when there is no such object. */
  drop(key: ResourceKey): ReferenceChange | undefined {
    const before = this.#held.get(key);
    if (before === undefined) return undefined;
    this.#held.delete(key);
    this.#dirty.add(key);
    return this.#refer(before.references, []);
  }

  /** The keys of what is held, of a kind. */
  keys(kind: KindSchema): readonly ResourceKey[] {
    const prefix = `${kind.group}/${kind.kind}/`;
    return [...this.#held.keys()].filter((key) => key.startsWith(prefix));
  }

  /** Whether an object is held. */
  has(key: ResourceKey): boolean {
    return this.#held.has(key);
  }

  /** The keys of what is held of a namespace. */
  keysIn(namespace: string): readonly ResourceKey[] {
    return [...this.#held.keys()].filter((key) => namespaceIn(key) === namespace);
  }

  /** What is referred to, whether it is held or not. */
  referred(): readonly ResourceKey[] {
    return [...this.#referrers.keys()];
  }

  /** Whether there is anything to tell. */
  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** What has changed since the last batch, as one. */
  batch(): ResourceBatch {
    const keys = [...this.#dirty];
    this.#dirty.clear();
    const events = keys.flatMap((key) => this.#settle(key));
    const problems = new Map(keys.map((key) => [`key ${key}`, this.#held.get(key)?.problems ?? []]));
    return [...events, ...this.#problems.replace(problems)];
  }

  #settle(key: ResourceKey): ResourceEvent[] {
    const before = this.#told.get(key);
    const now = this.#held.get(key)?.resource;
    if (before === now) return [];
    if (now === undefined) {
      this.#told.delete(key);
      return [{ kind: 'delete', key }];
    }
    this.#told.set(key, now);
    return [{ kind: 'upsert', key, resource: now, source: { kind: 'cluster' } }];
  }

  #refer(before: readonly ResourceKey[], now: readonly ResourceKey[]): ReferenceChange {
    const added: ResourceKey[] = [];
    const dropped: ResourceKey[] = [];
    for (const key of now) {
      const count = this.#referrers.get(key) ?? 0;
      this.#referrers.set(key, count + 1);
      if (count === 0) added.push(key);
    }
    for (const key of before) {
      const count = this.#referrers.get(key) ?? 0;
      if (count > 1) this.#referrers.set(key, count - 1);
      else {
        this.#referrers.delete(key);
        dropped.push(key);
      }
    }
    // What the new version of an object refers to as the old one did is neither.
    return {
      added: added.filter((key) => !dropped.includes(key)),
      dropped: dropped.filter((key) => !added.includes(key)),
    };
  }
}

/** What our schema refuses although the API server took it: an older definition of the kind, or a newer one. */
function problemsOf(admission: Admission): readonly Problem[] {
  if (admission.kind !== 'refused') return [];
  const { reason, object, refusals } = admission;
  return refusals.map(({ path, message }): Problem => {
    const field = formatFieldPath(path);
    return {
      severity: reason === 'ignored' ? 'warning' : 'error',
      // An object that came as one is no text that could not be read.
      reason: reason === 'syntax' ? 'invalid' : reason,
      file: CLUSTER,
      line: 0,
      column: 0,
      message,
      ...(field === '' ? {} : { field }),
      ...(object === undefined ? {} : { object }),
    };
  });
}
