import { isObject } from '#controller/api/compile.ts';
import type { ApiServer } from '../../kubernetes/api-server.ts';
import { type ApiObject, type Health, Reflector } from '../../kubernetes/reflector.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type NodeAddresses, nodeAddresses } from './addresses.ts';
import { OBJECT_KINDS } from './kinds.ts';
import { CONTROLLER_LABEL, PROXY_ANNOTATION } from './objects/identity.ts';

/** What is followed, and with what. */
export interface OwnObjectsOptions {
  readonly server: ApiServer;
  /** Value of the label that objects of this controller have. */
  readonly label: string;
  /** Where they are; everywhere without it. */
  readonly namespaces: readonly string[] | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: Health;
  /** Something is otherwise with the objects of a proxy. */
  readonly changed: (key: string) => void;
  /** The Nodes are others, or have other addresses. */
  readonly nodesChanged: () => void;
}

/** The objects of proxies of this controller as they are, and the Nodes. */
export class OwnObjects {
  readonly #options: OwnObjectsOptions;
  readonly #objects = new Map<string, ApiObject>();
  readonly #nodes = new Map<string, NodeAddresses>();
  readonly #reflectors: readonly Reflector[];

  constructor(options: OwnObjectsOptions) {
    this.#options = options;
    const { server, label, namespaces, clock, random, health } = options;
    const shared = { server, clock, random, health, mayBeAbsent: false };
    const places = namespaces?.map((namespace) => ({ namespace })) ?? [{}];
    const own = OBJECT_KINDS.flatMap((kind) =>
      places.map(
        (place: { readonly namespace?: string }) =>
          new Reflector({
            ...shared,
            ...kind,
            ...place,
            versions: [kind.version],
            labelSelector: `${CONTROLLER_LABEL}=${label}`,
            reflection: {
              upsert: (object) => this.#take(kind.kind, object),
              delete: (object) => this.#forget(kind.kind, object),
              listed: (seen) => this.#keepOnly(kind.kind, place.namespace, seen),
            },
          }),
      ),
    );
    const nodes = new Reflector({
      ...shared,
      group: '',
      versions: ['v1'],
      plural: 'nodes',
      kind: 'Node',
      reflection: {
        upsert: (node) => this.#takeNode(node),
        delete: ({ metadata }) => this.#setNode(metadata.name, undefined),
        listed: (seen) => {
          for (const name of this.#nodes.keys()) if (!seen.has(`/${name}`)) this.#setNode(name, undefined);
        },
      },
    });
    this.#reflectors = [...own, nodes];
  }

  /** Resolves when everything that exists is known. */
  async start(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.start();
    await Promise.all(this.#reflectors.map(({ synced }) => synced));
  }

  stop(): void {
    for (const reflector of this.#reflectors) reflector.stop();
  }

  /** One object, by its kind and place. */
  get(kind: string, namespace: string, name: string): ApiObject | undefined {
    return this.#objects.get(idOf(kind, namespace, name));
  }

  /** The objects of a proxy. */
  of(key: string): readonly ApiObject[] {
    return [...this.#objects.values()].filter((object) => keyOf(object) === key);
  }

  /** Keys of all proxies of which something is there. */
  keys(): ReadonlySet<string> {
    return new Set([...this.#objects.values()].flatMap((object) => keyOf(object) ?? []));
  }

  nodes(): readonly NodeAddresses[] {
    return [...this.#nodes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  #take(kind: string, object: ApiObject): void {
    const { namespace = '', name } = object.metadata;
    this.#objects.set(idOf(kind, namespace, name), object);
    this.#tell(object);
  }

  #forget(kind: string, object: ApiObject): void {
    const { namespace = '', name } = object.metadata;
    const gone = this.#objects.get(idOf(kind, namespace, name));
    this.#objects.delete(idOf(kind, namespace, name));
    this.#tell(gone ?? object);
  }

  #keepOnly(kind: string, within: string | undefined, seen: ReadonlySet<string>): void {
    for (const object of this.#objects.values()) {
      const { namespace = '', name } = object.metadata;
      if (within !== undefined && namespace !== within) continue;
      if (object.kind === kind && !seen.has(`${namespace}/${name}`)) this.#forget(kind, object);
    }
  }

  #tell(object: ApiObject): void {
    const key = keyOf(object);
    if (key !== undefined) this.#options.changed(key);
  }

  #takeNode(node: ApiObject): void {
    this.#setNode(node.metadata.name, nodeAddresses(node));
  }

  #setNode(name: string, node: NodeAddresses | undefined): void {
    const before = this.#nodes.get(name);
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
    // A Node says every few seconds that it is well.
    if (before?.addresses.join() !== node?.addresses.join()) this.#options.nodesChanged();
  }
}

function idOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

function keyOf({ metadata }: ApiObject): string | undefined {
  const annotations = metadata['annotations'];
  const key = isObject(annotations) ? annotations[PROXY_ANNOTATION] : undefined;
  return typeof key === 'string' ? key : undefined;
}
