import { randomUUID } from 'node:crypto';
import { isObject } from '#controller/api/compile.ts';

/** A JSON object. */
export type JsonObject = { readonly [field: string]: unknown };

/** An event of a watch, with the version that it leads to. */
export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  /** "group/plural". */
  readonly table: string;
  readonly object: JsonObject;
}

/** Objects as etcd and an API server keep them: one growing version for all, and what happened. */
export class ObjectStore {
  readonly #tables = new Map<string, Map<string, JsonObject>>();
  readonly #listeners = new Set<(event: StoredEvent) => void>();
  #events: StoredEvent[] = [];
  #version = 1;
  #oldest = 1;

  get version(): number {
    return this.#version;
  }

  /** The oldest version that a watch may go on from. */
  get oldest(): number {
    return this.#oldest;
  }

  list(table: string): readonly JsonObject[] {
    return [...(this.#tables.get(table) ?? new Map<string, JsonObject>()).entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  get(table: string, namespace: string, name: string): JsonObject | undefined {
    return this.#tables.get(table)?.get(`${namespace}/${name}`);
  }

  /** Writes an object; one that says the same as before is left alone. */
  put(table: string, object: JsonObject): JsonObject {
    const metadata = metadataOf(object);
    const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : '';
    const before = this.get(table, namespace, String(metadata['name']));
    const old = before === undefined ? {} : metadataOf(before);
    const isSameSpec = before !== undefined && specText(before) === specText(object);
    const generation = Number(old['generation'] ?? 0) + (isSameSpec ? 0 : 1);
    const next = {
      ...object,
      metadata: {
        ...metadata,
        uid: old['uid'] ?? randomUUID(),
        creationTimestamp: old['creationTimestamp'] ?? '2026-01-01T00:00:00Z',
        generation,
        resourceVersion: String(this.#version + 1),
      },
    };
    if (before !== undefined && textOf(before) === textOf(next)) return before;
    this.#version += 1;
    const rows = this.#tables.get(table) ?? new Map<string, JsonObject>();
    this.#tables.set(table, rows.set(`${namespace}/${String(metadata['name'])}`, next));
    this.#tell({ type: before === undefined ? 'ADDED' : 'MODIFIED', version: this.#version, table, object: next });
    return next;
  }

  delete(table: string, namespace: string, name: string): JsonObject | undefined {
    const object = this.get(table, namespace, name);
    if (object === undefined) return undefined;
    this.#version += 1;
    this.#tables.get(table)?.delete(`${namespace}/${name}`);
    const last = { ...object, metadata: { ...metadataOf(object), resourceVersion: String(this.#version) } };
    this.#tell({ type: 'DELETED', version: this.#version, table, object: last });
    return last;
  }

  /** What happened since a version, and from now on; returns what ends it. */
  follow(since: number, listener: (event: StoredEvent) => void): () => void {
    for (const event of this.#events) if (event.version > since) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets what happened so far: watches from earlier versions are told that they are too old. */
  compact(): void {
    this.#events = [];
    this.#oldest = this.#version;
  }

  #tell(event: StoredEvent): void {
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

/** The metadata of an object, or none. */
export function metadataOf(object: JsonObject): JsonObject {
  return isObject(object['metadata']) ? object['metadata'] : {};
}

function specText(object: JsonObject): string {
  return JSON.stringify({ ...object, metadata: undefined, status: undefined });
}

function textOf(object: JsonObject): string {
  const { resourceVersion: _, ...metadata } = metadataOf(object);
  return JSON.stringify({ ...object, metadata });
}

/** Applies a JSON merge patch (RFC 7396). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: { [field: string]: unknown } = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = mergePatch(result[field], value);
  }
  return result;
}
