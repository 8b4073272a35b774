import type { LabelSelector } from '#controller/api/gen/types.d.ts';
import type { KindSchema } from '#controller/api/kind.ts';
import { kinds } from '#controller/api/kinds.ts';
import { isOwnGroup } from '#controller/api/registry.ts';
import type { ApiServer } from '#controller/kubernetes/api-server.ts';
import {
  type ApiMetadata,
  type ApiObject,
  type Health,
  Reflector,
  type Reflection,
} from '#controller/kubernetes/reflector.ts';
import type { Clock } from '#controller/runtime/clock.ts';
import { selects } from '#controller/resources/selectors.ts';
import { keyOf } from '../key.ts';
import type { Provider, ResourceBatch, ResourceKey } from '../provider.ts';
import { ClusterLedger, type ReferenceChange } from './cluster-ledger.ts';
import { KeptGuards } from './kept-guards.ts';
import { ReferencedObjects } from './referenced-objects.ts';
import { BY_REFERENCE, type ByReference } from './references.ts';

/** Whose objects are read: everybody's, those of some namespaces, or of those with some labels. */
export type Watched =
  | { readonly kind: 'all' }
  | { readonly kind: 'namespaces'; readonly names: readonly string[] }
  | { readonly kind: 'selector'; readonly selector: LabelSelector };

/** Told of objects as they are in the API, their statuses included, before anything is made of them. */
export interface Observer {
  seen(object: ApiObject, listed: boolean): void;
  /** An object is as it is in a namespace that a selector does not select. */
  passed(object: ApiObject): void;
  /** Of namespaces that are not selected, too. */
  gone(kind: string, metadata: ApiMetadata): void;
  /** A list of a kind is whole. */
  listed(kind: string, namespace: string | undefined, seen: ReadonlySet<string>): void;
}

/** What a provider follows a cluster with. */
export interface KubernetesProviderOptions {
  readonly server: ApiServer;
  readonly watched: Watched;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: Health;
  readonly observer?: Observer;
  /** Ends it, also while it starts. */
  readonly stop?: AbortSignal;
  readonly pace?: Partial<Pace>;
}

/** Milliseconds. */
export interface Pace {
  /** Changes that come so close together are one. */
  readonly settle: number;
  /** The longest that changes without a pause are held together. */
  readonly longest: number;
  /** The longest that a change waits for a Secret or ConfigMap that it refers to. */
  readonly hold: number;
}

const PACE: Pace = { settle: 4, longest: 100, hold: 2_000 };

const DEFINITIONS = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' };

/** Resources from the API server of a cluster; see `Provider` for what it promises. A provider is started once. */
export function kubernetesProvider(options: KubernetesProviderOptions): Provider {
  return {
    start: async (onBatch) => {
      const session = new Session(options, onBatch);
      options.stop?.addEventListener('abort', () => session.stop(), { once: true });
      await session.start();
      return () => {
        session.stop();
        return Promise.resolve();
      };
    },
  };
}

class Session {
  readonly #options: KubernetesProviderOptions;
  readonly #pace: Pace;
  readonly #onBatch: (batch: ResourceBatch) => void;
  readonly #ledger = new ClusterLedger();
  readonly #reflectors: { readonly reflector: Reflector; readonly kind: string }[] = [];
  readonly #referenced: { readonly [K in ByReference]: ReferencedObjects };
  readonly #guards: KeptGuards;
  /** Namespaces that a selector selects. */
  readonly #selected = new Set<string>();
  /** Those of them that have just come to be selected, of which nothing is told before what guards it is known. */
  readonly #entering = new Map<string, symbol>();
  #firstChange: number | undefined;
  #cancel: () => void = () => undefined;
  #isSynced = false;
  #isStopped = false;
  #settled: () => void = () => undefined;

  constructor(options: KubernetesProviderOptions, onBatch: (batch: ResourceBatch) => void) {
    this.#options = options;
    this.#pace = { ...PACE, ...options.pace };
    this.#onBatch = onBatch;
    const { server, clock, random, health } = options;
    this.#guards = new KeptGuards({
      server,
      clock,
      random,
      health,
      isRead: (metadata) => this.#selects(metadata),
      isKnown: (namespace) => this.#ledger.has(keyOf('', 'Namespace', '', namespace)),
      release: (key) => this.#refer(this.#ledger.drop(key)),
    });
    this.#referenced = { Secret: this.#objectsOf('Secret'), ConfigMap: this.#objectsOf('ConfigMap') };
  }

  /** Resolves when all that exists has been handed over. */
  async start(): Promise<void> {
    // A selector is about namespaces: what is in them can be judged when they are known.
    const namespaces = this.#follow(kindNamed('Namespace'), undefined);
    await namespaces.synced;
    const followed = kinds.filter(({ kind }) => kind !== 'Namespace').flatMap((kind) => this.#followAll(kind));
    this.#followDefinitions();
    await Promise.all(followed.map(({ synced }) => synced));
    if (this.#isStopped) return;
    await this.#untilSettled();
    this.#isSynced = true;
    this.#onBatch([...this.#ledger.batch(), { kind: 'synced' }]);
    // What came while that was handled.
    if (this.#ledger.isDirty) this.#changed();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#settled();
    for (const { reflector } of this.#reflectors) reflector.stop();
    for (const kind of BY_REFERENCE) this.#referenced[kind].stop();
    this.#guards.stop();
  }

  #followAll(kind: KindSchema): readonly Reflector[] {
    const { watched } = this.#options;
    if (kind.scope === 'Cluster' || watched.kind !== 'namespaces') return [this.#follow(kind, undefined)];
    return watched.names.map((namespace) => this.#follow(kind, namespace));
  }

  #follow(kind: KindSchema, namespace: string | undefined): Reflector {
    const byReference = BY_REFERENCE.find((name) => name === kind.kind);
    const reflection =
      byReference === undefined ? this.#whole(kind, namespace) : this.#metadata(byReference, namespace);
    const metadataOnly = byReference !== undefined || kind.kind === 'Namespace';
    return this.#reflect({
      group: kind.group,
      versions: kind.versions,
      plural: kind.plural,
      kind: kind.kind,
      namespace,
      metadataOnly,
      mayBeAbsent: isOwnGroup(kind.group) || kind.group.includes('x-k8s.io'),
      reflection,
    });
  }

  /** Kinds that nobody serves are looked for at once when their definition comes. */
  #followDefinitions(): void {
    const ours = new Map(kinds.map((kind) => [`${kind.plural}.${kind.group}`, kind.kind]));
    this.#reflect({
      ...DEFINITIONS,
      versions: ['v1'],
      kind: 'CustomResourceDefinition',
      namespace: undefined,
      metadataOnly: true,
      mayBeAbsent: false,
      reflection: {
        upsert: ({ metadata }) => this.#wake(ours.get(metadata.name)),
        delete: () => undefined,
        listed: () => undefined,
      },
    });
  }

  #wake(kind: string | undefined): void {
    for (const followed of this.#reflectors) if (followed.kind === kind) followed.reflector.wake();
  }

  #reflect(followed: Followed): Reflector {
    const { server, clock, random, health } = this.#options;
    const { namespace, ...rest } = followed;
    const reflector = new Reflector({
      ...rest,
      ...(namespace === undefined ? {} : { namespace }),
      server,
      clock,
      random,
      health,
    });
    this.#reflectors.push({ reflector, kind: followed.kind });
    reflector.start();
    return reflector;
  }

  #whole(kind: KindSchema, namespace: string | undefined): Reflection {
    const { observer } = this.#options;
    return {
      upsert: (object, listed) => {
        if (kind.kind === 'Namespace') {
          this.#judge(object.metadata);
          this.#guards.namespaceThere(object.metadata);
        }
        const { namespace: where = '', name } = object.metadata;
        if (!this.#isWatched(kind, object.metadata.namespace)) {
          observer?.passed(object);
          return;
        }
        observer?.seen(object, listed);
        const key = keyOf(kind.group, kind.kind, where, name);
        if (GUARDS.has(kind.kind)) this.#guards.there(key);
        else this.#guards.otherThere(key);
        this.#refer(this.#ledger.take(kind, object));
      },
      delete: ({ metadata }) => {
        observer?.gone(kind.kind, metadata);
        this.#lose(kind, keyOf(kind.group, kind.kind, metadata.namespace ?? '', metadata.name));
      },
      listed: (seen) => {
        observer?.listed(kind.kind, namespace, seen);
        const prefix =
          namespace === undefined ? `${kind.group}/${kind.kind}/` : keyOf(kind.group, kind.kind, namespace, '');
        for (const key of this.#ledger.keys(kind)) {
          if (key.startsWith(prefix) && !seen.has(idOf(key))) this.#lose(kind, key);
        }
      },
    };
  }

  /** An object is gone; what guarded others is let go when that opens none of them. */
  #lose(kind: KindSchema, key: ResourceKey): void {
    if (GUARDS.has(kind.kind)) {
      if (this.#ledger.has(key)) this.#guards.lost(key);
      return;
    }
    this.#refer(this.#ledger.drop(key));
    if (kind.kind !== 'Namespace') {
      this.#guards.otherLost(key);
      return;
    }
    const name = nameIn(key);
    if (this.#selected.has(name)) this.#leave(name);
    const left = this.#ledger.keysIn(name).filter((one) => !COMES_FIRST.has(kindIn(one)));
    this.#guards.namespaceLost(name, left);
  }

  #metadata(kind: ByReference, namespace: string | undefined): Reflection {
    const objects = this.#referenced[kind];
    return {
      upsert: ({ metadata }) => objects.heard(metadata),
      delete: ({ metadata }) => objects.deleted(metadata),
      listed: (seen) => objects.listed(seen, (where) => namespace === undefined || namespace === where),
    };
  }

  #objectsOf(name: ByReference): ReferencedObjects {
    const { server, clock, random, health } = this.#options;
    const kind = kindNamed(name);
    return new ReferencedObjects({
      server,
      kind,
      clock,
      random,
      health,
      found: (object) => this.#refer(this.#ledger.take(kind, object)),
      gone: (namespace, object) => this.#refer(this.#ledger.drop(keyOf('', name, namespace, object))),
      settled: () => this.#settled(),
    });
  }

  /** Takes over what a change did to references, and tells of the change in time. */
  #refer(change: ReferenceChange | undefined): void {
    if (change === undefined) return;
    this.#wantOf(change.added);
    for (const key of change.dropped) {
      const { kind, namespace, name } = partsOf(key);
      this.#referenced[kind].unwant(namespace, name);
      this.#ledger.drop(key);
    }
    this.#changed();
  }

  #wantOf(keys: readonly ResourceKey[]): void {
    for (const key of keys) {
      const { kind, namespace, name } = partsOf(key);
      if (this.#isWatched(kindNamed(kind), namespace)) this.#referenced[kind].want(namespace, name);
    }
  }

  #isWatched({ kind, scope }: KindSchema, namespace: string | undefined): boolean {
    const { watched } = this.#options;
    if (scope === 'Cluster' || namespace === undefined) return true;
    switch (watched.kind) {
      case 'all':
        return true;
      case 'namespaces':
        return watched.names.includes(namespace);
      case 'selector':
        return this.#selected.has(namespace) && (!this.#entering.has(namespace) || COMES_FIRST.has(kind));
      default:
        return watched satisfies never;
    }
  }

  /** Whether what is in a namespace is to be read, by its labels where a selector says so. */
  #selects({ name, labels }: ApiMetadata): boolean {
    const { watched } = this.#options;
    if (watched.kind !== 'selector') return true;
    return selects(watched.selector, { ...textsOf(labels), 'kubernetes.io/metadata.name': name });
  }

  /** Whether a namespace is read may change with its labels: then what is in it is listed. */
  #judge(metadata: ApiMetadata): void {
    if (this.#options.watched.kind !== 'selector') return;
    const { name } = metadata;
    const isSelected = this.#selects(metadata);
    if (isSelected === this.#selected.has(name)) return;
    if (isSelected) void this.#enter(name);
    else this.#leave(name);
  }

  /** A route that is told before the policy for it would be open for as long as the list of policies takes. */
  async #enter(namespace: string): Promise<void> {
    const entry = Symbol(namespace);
    this.#selected.add(namespace);
    this.#entering.set(namespace, entry);
    this.#wantOf(this.#ledger.referred().filter((key) => partsOf(key).namespace === namespace));
    const inside = this.#reflectors.filter(({ kind }) => kind !== 'Namespace');
    const first = inside.filter(({ kind }) => COMES_FIRST.has(kind));
    await Promise.all(first.map(({ reflector }) => reflector.relist()));
    if (this.#entering.get(namespace) !== entry) return;
    this.#entering.delete(namespace);
    for (const { reflector, kind } of inside) if (!COMES_FIRST.has(kind)) void reflector.relist();
  }

  #leave(namespace: string): void {
    this.#selected.delete(namespace);
    this.#entering.delete(namespace);
    this.#guards.forget(namespace);
    for (const key of this.#ledger.referred()) {
      const { kind, namespace: where, name } = partsOf(key);
      if (where === namespace) this.#referenced[kind].unwant(where, name);
    }
    for (const kind of kinds) {
      if (kind.scope === 'Cluster') continue;
      const prefix = keyOf(kind.group, kind.kind, namespace, '');
      for (const key of this.#ledger.keys(kind)) if (key.startsWith(prefix)) this.#refer(this.#ledger.drop(key));
    }
  }

  #changed(): void {
    if (!this.#isSynced || this.#isStopped) return;
    const { clock } = this.#options;
    this.#firstChange ??= clock.now();
    const left = this.#firstChange + this.#pace.longest - clock.now();
    this.#cancel();
    this.#cancel = clock.after(Math.max(0, Math.min(this.#pace.settle, left)), () => this.#flush());
  }

  /** Tells what changed, unless something that it refers to is still on its way, and not for too long. */
  #flush(): void {
    const { clock } = this.#options;
    const waited = clock.now() - (this.#firstChange ?? clock.now());
    if (!this.#isSettled() && waited < this.#pace.hold) {
      this.#cancel = clock.after(this.#pace.hold - waited, () => this.#flush());
      this.#settled = () => {
        this.#cancel();
        this.#cancel = clock.after(0, () => this.#flush());
      };
      return;
    }
    this.#settled = () => undefined;
    this.#firstChange = undefined;
    const batch = this.#ledger.batch();
    if (batch.length > 0) this.#onBatch(batch);
  }

  #isSettled(): boolean {
    return BY_REFERENCE.every((kind) => this.#referenced[kind].isSettled);
  }

  async #untilSettled(): Promise<void> {
    while (!this.#isSettled() && !this.#isStopped) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    this.#settled = () => undefined;
  }
}

type Followed = {
  readonly group: string;
  readonly versions: readonly string[];
  readonly plural: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly metadataOnly: boolean;
  readonly mayBeAbsent: boolean;
  readonly reflection: Reflection;
};

function kindNamed(name: string): KindSchema {
  const found = kinds.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`there is no kind ${name}`);
  return found;
}

/** Without them something would be open, or sent in the clear, that is not to be. */
const GUARDS: ReadonlySet<string> = new Set([
  'SecurityPolicy',
  'EnvoyExtensionPolicy',
  'BackendTrafficPolicy',
  'ClientTrafficPolicy',
  'BackendTLSPolicy',
  // By one a policy may reach what is in another namespace.
  'ReferenceGrant',
]);

/** Told of a namespace before all else that is in it; what policies refer to is read by name. */
const COMES_FIRST: ReadonlySet<string> = new Set([...GUARDS, ...BY_REFERENCE]);

function kindIn(key: ResourceKey): string {
  return key.split('/')[1] ?? '';
}

function nameIn(key: ResourceKey): string {
  return key.split('/')[3] ?? '';
}

/** "namespace/name" of a key. */
function idOf(key: ResourceKey): string {
  return key.split('/').slice(2).join('/');
}

function partsOf(key: ResourceKey): { readonly kind: ByReference; readonly namespace: string; readonly name: string } {
  const [, kind, namespace = '', name = ''] = key.split('/');
  return { kind: kind === 'Secret' ? 'Secret' : 'ConfigMap', namespace, name };
}

function textsOf(labels: unknown): { readonly [name: string]: string } {
  if (typeof labels !== 'object' || labels === null) return {};
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
