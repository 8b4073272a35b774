import type { EndpointSlice, KindName, ReferenceGrant, Resource, ResourceOf } from '#controller/api/gen/types.d.ts';
import type { InvalidPolicy } from './invalid-policy.ts';
import { byName, namespaceOf, type Resources } from './resources.ts';

type Tables = { readonly [K in KindName]: Map<string, ResourceOf<K>> };
type Lists = { [K in KindName]?: readonly ResourceOf<K>[] };

/** The label by which a slice names its Service. */
const SERVICE_NAME = 'kubernetes.io/service-name';

/** Holds the objects. The one mutable thing between the providers and the compiler; cost follows the change. */
export class ResourceStore implements Resources {
  readonly #tables: Tables = {
    GatewayClass: new Map(),
    Gateway: new Map(),
    ListenerSet: new Map(),
    HTTPRoute: new Map(),
    GRPCRoute: new Map(),
    TLSRoute: new Map(),
    TCPRoute: new Map(),
    UDPRoute: new Map(),
    ReferenceGrant: new Map(),
    BackendTLSPolicy: new Map(),
    EnvoyProxy: new Map(),
    ClientTrafficPolicy: new Map(),
    BackendTrafficPolicy: new Map(),
    SecurityPolicy: new Map(),
    EnvoyExtensionPolicy: new Map(),
    EnvoyPatchPolicy: new Map(),
    Backend: new Map(),
    HTTPRouteFilter: new Map(),
    Service: new Map(),
    EndpointSlice: new Map(),
    Secret: new Map(),
    ConfigMap: new Map(),
    Namespace: new Map(),
  };
  #lists: Lists = {};
  #invalidPolicies: readonly InvalidPolicy[] = [];
  readonly #slices = new Groups<EndpointSlice>();
  readonly #grants = new Groups<ReferenceGrant>();

  get<K extends KindName>(kind: K, namespace: string, name: string): ResourceOf<K> | undefined {
    return this.#table(kind).get(`${namespace}/${name}`);
  }

  list<K extends KindName>(kind: K): readonly ResourceOf<K>[] {
    const known: readonly ResourceOf<K>[] | undefined = this.#lists[kind];
    if (known !== undefined) return known;
    const list = [...this.#table(kind).values()].sort(byName);
    this.#lists = { ...this.#lists, [kind]: list };
    return list;
  }

  endpointSlices(namespace: string, service: string): readonly EndpointSlice[] {
    return this.#slices.get(`${namespace}/${service}`);
  }

  referenceGrants(namespace: string): readonly ReferenceGrant[] {
    return this.#grants.get(namespace);
  }

  invalidPolicies(): readonly InvalidPolicy[] {
    return this.#invalidPolicies;
  }

  /** Sets the policies that cannot be read. Those of which a good version is here do not count: that one is in force. */
  setInvalidPolicies(policies: readonly InvalidPolicy[]): void {
    const left = policies
      .filter(({ kind, metadata }) => this.get(kind, metadata.namespace, metadata.name) === undefined)
      .sort(byName);
    if (JSON.stringify(left) !== JSON.stringify(this.#invalidPolicies)) this.#invalidPolicies = left;
  }

  /** Adds an object or replaces the one of its name. */
  upsert(resource: Resource): void {
    this.delete(resource.kind, namespaceOf(resource), resource.metadata.name);
    this.#put(resource.kind, resource);
    if (resource.kind === 'EndpointSlice') this.#slices.add(serviceOf(resource), resource);
    if (resource.kind === 'ReferenceGrant') this.#grants.add(resource.metadata.namespace, resource);
  }

  /** Removes an object; one that is not there is no error. */
  delete(kind: KindName, namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const slice = kind === 'EndpointSlice' ? this.#tables.EndpointSlice.get(key) : undefined;
    if (slice !== undefined) this.#slices.remove(serviceOf(slice), slice);
    const grant = kind === 'ReferenceGrant' ? this.#tables.ReferenceGrant.get(key) : undefined;
    if (grant !== undefined) this.#grants.remove(namespace, grant);
    if (this.#table(kind).delete(key)) this.#lists = { ...this.#lists, [kind]: undefined };
  }

  #table<K extends KindName>(kind: K): Tables[K] {
    return this.#tables[kind];
  }

  #put(kind: KindName, resource: Resource): void {
    const table: Map<string, Resource> = this.#tables[kind];
    table.set(`${namespaceOf(resource)}/${resource.metadata.name}`, resource);
    this.#lists = { ...this.#lists, [kind]: undefined };
  }
}

function serviceOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ''}`;
}

/** Objects by a key that several share. A group is a new array only when one of its members changed. */
class Groups<T extends EndpointSlice | ReferenceGrant> {
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
