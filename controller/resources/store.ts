import type {
  BackendTLSPolicy,
  EndpointSlice,
  KindName,
  ReferenceGrant,
  Resource,
  ResourceOf,
} from '#controller/api/gen/types.d.ts';
import { Answers } from './answers.ts';
import { ChangeLog, type ChangedNames } from './change-log.ts';
import {
  closedByKind,
  type ClosedObject,
  type ClosedObjects,
  CLOSING_KINDS,
  type ClosingKind,
  NONE_CLOSED,
} from './closed-object.ts';
import { beside, type InvalidPolicy, readInvalidPolicy } from './invalid-policy.ts';
import { byName, namespaceOf, type ReadKind, type Resources, tableKey } from './resources.ts';
import { sliceOwners } from './slice-owners.ts';
import { SortedTable } from './sorted-table.ts';
import type { Answered, DocumentAnswer, DocumentWant, ModuleAnswer, ModuleWant, Want } from './wants.ts';

/** What a store may be told. */
export interface StoreOptions {
  readonly assumeAnswers?: boolean;
  readonly now?: () => number;
}

type Tables = { readonly [K in KindName]: SortedTable<ResourceOf<K>> };

/** Holds the objects. The one mutable thing between the providers and the compiler; cost follows the change. */
export class ResourceStore implements Resources {
  readonly #tables: Tables = {
    GatewayClass: new SortedTable(),
    Gateway: new SortedTable(),
    ListenerSet: new SortedTable(),
    HTTPRoute: new SortedTable(),
    GRPCRoute: new SortedTable(),
    TLSRoute: new SortedTable(),
    TCPRoute: new SortedTable(),
    UDPRoute: new SortedTable(),
    ReferenceGrant: new SortedTable(),
    BackendTLSPolicy: new SortedTable(),
    EnvoyProxy: new SortedTable(),
    ClientTrafficPolicy: new SortedTable(),
    BackendTrafficPolicy: new SortedTable(),
    SecurityPolicy: new SortedTable(),
    EnvoyExtensionPolicy: new SortedTable(),
    EnvoyPatchPolicy: new SortedTable(),
    Backend: new SortedTable(),
    HTTPRouteFilter: new SortedTable(),
    Service: new SortedTable(),
    ServiceImport: new SortedTable(),
    EndpointSlice: new SortedTable(),
    Secret: new SortedTable(),
    ConfigMap: new SortedTable(),
    Namespace: new SortedTable(),
  };
  #invalidPolicies: readonly InvalidPolicy[] = [];
  #invalidPoliciesVersion = 0;
  #closed: ClosedObjects = NONE_CLOSED;
  #closedVersion = 0;
  readonly #slices = new Groups<EndpointSlice>();
  readonly #grants = new Groups<ReferenceGrant>();
  /** By "<namespace>/<name>" of a target. */
  readonly #tlsPolicies = new Groups<BackendTLSPolicy>();
  readonly #answers: Answers;
  readonly #logs = new Map<KindName, ChangeLog>();

  readonly #now: () => number;

  /** With `assumeAnswers`, wants that nobody has answered count as answered; `now` is the machine's time unless another is given. */
  constructor({ assumeAnswers = false, now = Date.now }: StoreOptions = {}) {
    this.#answers = new Answers(assumeAnswers);
    this.#now = now;
  }

  now(): number {
    return this.#now();
  }

  get<K extends KindName>(kind: K, namespace: string, name: string): ResourceOf<K> | undefined {
    return this.#table(kind).get(tableKey(namespace, name));
  }

  list<K extends KindName>(kind: K): readonly ResourceOf<K>[] {
    return this.#table(kind).list();
  }

  pieces<K extends KindName>(kind: K): readonly (readonly ResourceOf<K>[])[] {
    return this.#table(kind).pieces();
  }

  endpointSlices(namespace: string, owner: string): readonly EndpointSlice[] {
    return this.#slices.get(`${namespace}/${owner}`);
  }

  referenceGrants(namespace: string): readonly ReferenceGrant[] {
    return this.#grants.get(namespace);
  }

  tlsPolicies(namespace: string, target: string): readonly BackendTLSPolicy[] {
    return this.#tlsPolicies.get(`${namespace}/${target}`);
  }

  invalidPolicies(): readonly InvalidPolicy[] {
    return this.#invalidPolicies;
  }

  closed<K extends ClosingKind>(kind: K): readonly ClosedObject<K>[] {
    return this.#closed[kind];
  }

  document(want: DocumentWant): DocumentAnswer | undefined {
    return this.#answers.document(want);
  }

  module(want: ModuleWant): ModuleAnswer | undefined {
    return this.#answers.module(want);
  }

  failure(want: Want): string | undefined {
    return this.#answers.failure(want);
  }

  versionOf(kind: ReadKind): number {
    if (kind === 'Answer') return this.#answers.version;
    if (kind === 'ClosedObject') return this.#closedVersion;
    return kind === 'InvalidPolicy' ? this.#invalidPoliciesVersion : this.#table(kind).version;
  }

  changedSince(kind: ReadKind, version: number): ChangedNames | undefined {
    if (kind === 'InvalidPolicy' || kind === 'ClosedObject' || kind === 'Answer') return undefined;
    return this.#logs.get(kind)?.since(version);
  }

  /** Sets what is known about a want; `undefined` forgets it. */
  setAnswer(want: Want, answered: Answered | undefined): void {
    this.#answers.set(want, answered);
  }

  /**
   * Sets the policies that cannot be read. Those of which a good version is here do not count: that one is in force; a second one
   * of a name counts for what the first does not target.
   */
  setInvalidPolicies(policies: readonly InvalidPolicy[]): void {
    const left = policies
      .flatMap((policy) => {
        const { kind, metadata, isDuplicate } = policy;
        const { namespace, name } = metadata;
        const good = this.get(kind, namespace, name);
        if (good === undefined) return policy;
        const first = isDuplicate === true ? readInvalidPolicy(kind, namespace, name, { ...good }) : undefined;
        return first === undefined ? [] : (beside(first, policy) ?? []);
      })
      .sort(byName);
    if (JSON.stringify(left) === JSON.stringify(this.#invalidPolicies)) return;
    this.#invalidPolicies = left;
    this.#invalidPoliciesVersion += 1;
  }

  /** Sets the objects that are refused and close what they are for. Those of which a good version is here do not count. */
  setClosed(objects: readonly ClosedObject[]): void {
    const left = objects
      .filter(({ kind, metadata }) => this.get(kind, metadata.namespace, metadata.name) === undefined)
      .sort(byName);
    const [last, now] = [this.#closed, closedByKind(left)];
    this.#closed = {
      HTTPRoute: same(last.HTTPRoute, now.HTTPRoute),
      GRPCRoute: same(last.GRPCRoute, now.GRPCRoute),
      TLSRoute: same(last.TLSRoute, now.TLSRoute),
      ListenerSet: same(last.ListenerSet, now.ListenerSet),
    };
    if (CLOSING_KINDS.some((kind) => this.#closed[kind] !== last[kind])) this.#closedVersion += 1;
  }

  /** Adds an object or replaces the one of its name. */
  upsert(resource: Resource): void {
    const { kind } = resource;
    const left = this.#leaveGroups(kind, namespaceOf(resource), resource.metadata.name);
    const table: SortedTable<Resource> = this.#tables[kind];
    table.set(tableKey(namespaceOf(resource), resource.metadata.name), resource);
    if (kind === 'EndpointSlice') for (const owner of ownersOf(resource)) this.#slices.add(owner, resource);
    if (kind === 'ReferenceGrant') this.#grants.add(resource.metadata.namespace, resource);
    if (kind === 'BackendTLSPolicy') {
      for (const key of targetsOf(resource)) this.#tlsPolicies.add(`${resource.metadata.namespace}/${key}`, resource);
    }
    this.#note(kind, namespaceOf(resource), [...left, ...namesRead(resource)]);
  }

  /** Puts the same object in anew, so that whatever was made of it is made again: it is judged otherwise by now. */
  touch(kind: KindName, namespace: string, name: string): void {
    const known: Resource | undefined = this.get(kind, namespace, name);
    if (known !== undefined) this.upsert({ ...known });
  }

  /** Removes an object; one that is not there is no error. */
  delete(kind: KindName, namespace: string, name: string): void {
    const left = this.#leaveGroups(kind, namespace, name);
    this.#table(kind).delete(tableKey(namespace, name));
    this.#note(kind, namespace, [...left, name]);
  }

  /** Returns the names by which it was read in groups. */
  #leaveGroups(kind: KindName, namespace: string, name: string): readonly string[] {
    const grant = kind === 'ReferenceGrant' ? this.get(kind, namespace, name) : undefined;
    if (grant !== undefined) this.#grants.remove(namespace, grant);
    const slice = kind === 'EndpointSlice' ? this.get(kind, namespace, name) : undefined;
    if (slice !== undefined) for (const owner of ownersOf(slice)) this.#slices.remove(owner, slice);
    const policy = kind === 'BackendTLSPolicy' ? this.get(kind, namespace, name) : undefined;
    if (policy !== undefined) {
      for (const target of targetsOf(policy)) this.#tlsPolicies.remove(`${namespace}/${target}`, policy);
    }
    const grouped = slice ?? policy;
    return grouped === undefined ? [] : namesRead(grouped);
  }

  #note(kind: KindName, namespace: string, names: readonly string[]): void {
    const log = this.#logs.get(kind) ?? new ChangeLog();
    this.#logs.set(kind, log);
    for (const name of names) log.note(this.versionOf(kind), namespace, name);
  }

  #table<K extends KindName>(kind: K): Tables[K] {
    return this.#tables[kind];
  }
}

/** The list as it was where it says the same. */
function same<T>(last: readonly T[], now: readonly T[]): readonly T[] {
  return JSON.stringify(last) === JSON.stringify(now) ? last : now;
}

/** The names by which an object is read: slices are read by whose endpoints they have, BackendTLSPolicies by their targets, too. */
function namesRead(resource: Resource): readonly string[] {
  if (resource.kind === 'EndpointSlice') return sliceOwners(resource);
  const { name } = resource.metadata;
  return resource.kind === 'BackendTLSPolicy' ? [name, ...targetsOf(resource)] : [name];
}

/** The names of the targets of a policy, each once. */
function targetsOf({ spec }: BackendTLSPolicy): readonly string[] {
  return [...new Set(spec.targetRefs.map(({ name }) => name))];
}

function ownersOf(slice: EndpointSlice): readonly string[] {
  return sliceOwners(slice).map((owner) => `${slice.metadata.namespace}/${owner}`);
}

/** Objects by a key that several share. A group is a new array only when one of its members changed. */
class Groups<T extends EndpointSlice | ReferenceGrant | BackendTLSPolicy> {
  readonly #groups = new Map<string, readonly T[]>();

  get(key: string): readonly T[] {
    return this.#groups.get(key) ?? NONE;
  }

  add(key: string, member: T): void {
    this.#groups.set(key, [...this.get(key), member].sort(byName));
  }

  remove(key: string, member: T): void {
    const rest = this.get(key).filter((other) => other !== member);
    if (rest.length === 0) this.#groups.delete(key);
    else this.#groups.set(key, rest);
  }
}

const NONE: readonly never[] = [];
