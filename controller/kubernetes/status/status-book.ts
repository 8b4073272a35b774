import { isObject } from '#controller/api/compile.ts';
import type { ApiObject } from '../reflector.ts';
import { isOlder } from '../version-order.ts';

/** The identity of an object: "<group>/<kind>/<namespace>/<name>". */
export type StatusKey = string;

/** What the API server has of an object, as far as its status is concerned. */
export interface WrittenStatus {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** JSON; empty where there is none. As text it takes a fifth of the memory. */
  readonly status: string;
}

/** The statuses that the API server has, as they were last seen or written. */
export class StatusBook {
  readonly #entries = new Map<StatusKey, WrittenStatus>();
  readonly #changed: (key: StatusKey) => void;

  /** `changed` is told of objects that have come, and of statuses that are others now. */
  constructor(changed: (key: StatusKey) => void) {
    this.#changed = changed;
  }

  get(key: StatusKey): WrittenStatus | undefined {
    return this.#entries.get(key);
  }

  keys(): Iterable<StatusKey> {
    return this.#entries.keys();
  }

  entries(): Iterable<readonly [StatusKey, WrittenStatus]> {
    return this.#entries;
  }

  /**
   * Takes what was seen. `isSure` where it is what the server has now (a list, an answer): a watch may be behind what was
   * written, and what is older than that is not believed.
   */
  take(object: ApiObject, isSure: boolean): void {
    const key = statusKey(object.apiVersion, object.kind, object.metadata);
    const before = this.#entries.get(key);
    const version = object.metadata.resourceVersion ?? '';
    if (before !== undefined && !isSure && isOlder(version, before.resourceVersion)) return;
    const [group, served] = groupOf(object.apiVersion);
    const { uid } = object.metadata;
    const status = object['status'] === undefined ? '' : JSON.stringify(object['status']);
    this.#entries.set(key, {
      group,
      version: served,
      kind: object.kind,
      namespace: object.metadata.namespace,
      name: object.metadata.name,
      uid: typeof uid === 'string' ? uid : '',
      resourceVersion: version,
      status: status === before?.status ? before.status : status,
    });
    if (before === undefined || before.status !== status) this.#changed(key);
  }

  delete(key: StatusKey): void {
    this.#entries.delete(key);
  }

  /** Drops what a list of a kind does not have. */
  keepOnly(kind: string, namespace: string | undefined, seen: ReadonlySet<string>): void {
    for (const [key, entry] of this.#entries) {
      if (entry.kind !== kind || (namespace !== undefined && entry.namespace !== namespace)) continue;
      if (!seen.has(`${entry.namespace ?? ''}/${entry.name}`)) this.#entries.delete(key);
    }
  }
}

/** The key of an object from what is written in it. */
export function statusKey(
  apiVersion: string,
  kind: string,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
): StatusKey {
  return `${groupOf(apiVersion)[0]}/${kind}/${namespace ?? ''}/${name}`;
}

function groupOf(apiVersion: string): readonly [group: string, version: string] {
  const [first = '', second] = apiVersion.split('/');
  return second === undefined ? ['', first] : [first, second];
}

/** The status of an entry, parsed. */
export function parsedStatus({ status }: WrittenStatus): { readonly [field: string]: unknown } {
  const parsed: unknown = status === '' ? {} : JSON.parse(status);
  return isObject(parsed) ? parsed : {};
}
