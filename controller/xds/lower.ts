import { listenersWithPatchedFilters } from './patched-filters.ts';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { compressorFilter, compressorFilterName } from '../features/compressor/xds.ts';
import { markFilter } from '../features/asked/xds.ts';
import { API_KEY_FILTER, apiKeyAuthFilter } from '../features/api-key-auth/xds.ts';
import { basicAuthFilter, basicAuthFilterName } from '../features/basic-auth/xds.ts';
import { csrfFilter } from '../features/csrf/xds.ts';
import { credentialFilter, credentialFilterName, credentialSecret } from '../features/credential/xds.ts';
import { externalAuthFilter, externalAuthFilterName } from '../features/external-auth/xds.ts';
import { extProcFilter, extProcFilterName } from '../features/ext-proc/xds.ts';
import { leftOutConfig, wasmFilter, wasmFilterConfig } from '../features/wasm/xds.ts';
import type { AssignmentIr, ClusterIr } from '../ir/cluster.ts';
import type { CredentialIr } from '../ir/credential.ts';
import type { ApiKeyAuthIr, BasicAuthIr } from '../ir/credentials.ts';
import type { CsrfIr } from '../ir/csrf.ts';
import type { ExternalAuthIr } from '../ir/external-auth.ts';
import type { ExtProcIr } from '../ir/ext-proc.ts';
import {
  type ChainIr,
  type HttpChainIr,
  httpChains,
  httpChainsIn,
  type ListenerIr,
  type StreamChainIr,
} from '../ir/listener.ts';
import type { ResourcePatchIr } from '../ir/patch.ts';
import type { Pieces } from '../ir/pieces.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import { type SharedPolicyIr, serversAsked } from '../ir/route.ts';
import type { SecretIr } from '../ir/secret.ts';
import type { CompressorIr } from '../ir/traffic.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import type { LoadedFilterIr, WasmFilterIr } from '../ir/wasm-filter.ts';
import { assignment } from './build/cluster.ts';
import { filterChain, isMatched, listener, router } from './build/listener.ts';
import { tcpProxy } from './build/stream.ts';
import { encode, type Init } from './build/message.ts';
import { tlsSecret } from './build/tls.ts';
import { policyCluster } from './cluster.ts';
import { once } from './memory.ts';
import { patchSnapshot } from './patch.ts';
import { nativeFilters } from './native-filters.ts';
import { PiecedResources } from './pieced-resources.ts';
import { firstPolicyFilter, loginFilters, laterPolicyFilters, policyFilterConfigs } from './policy-filter.ts';
import { dependence, type Surroundings, surroundings } from './policy-places.ts';
import { credentialsOf, virtualHost } from './route.ts';
import { routeConfiguration, splitRoutes, wholeRoutes } from './route-configuration.ts';
import { type XdsResource, type XdsResources, type XdsSnapshot, xdsResource } from './snapshot.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** A module whose file is with the proxy: its digest, and the file's path as Envoy sees it. */
export interface ModuleFile {
  readonly digest: string;
  readonly path: string;
}

/** The versions of users' filters that a proxy has, by the filter's name. */
export type LoadedFilters = ReadonlyMap<string, LoadedFilterIr>;

const NO_FILTERS: LoadedFilters = new Map();

/**
 * The resources of a proxy. Pure and deterministic; every reference between them closes, save those to the configuration of
 * a Wasm filter while its module's file is not with the proxy: routes with a policy, or with such a filter, then answer 500.
 * What did not change in the IR is the same object here, down to the maps.
 */
export function lower(
  ir: ProxyIr,
  policyModule: ModuleFile | undefined,
  filters: LoadedFilters = NO_FILTERS,
): XdsSnapshot {
  const patches = ir.patches ?? [];
  const patched = { routes: routesOfPatches(patches), listeners: listenersWithPatchedFilters(patches) };
  let hosts: XdsResources | undefined;
  const snapshot: XdsSnapshot = {
    listener: byName(ir.listeners.map(lowerListener)),
    route: new PiecedResources([ir.listeners.map(lowerRoutes)]),
    // Most of the work, and a proxy gets its clusters before.
    get 'virtual-host'() {
      return (hosts ??= new PiecedResources(
        ir.listeners.flatMap(({ name, chains }) => chains.map((piece) => lowerChains(piece, name, patched))),
      ));
    },
    cluster: lowerClusters(ir.clusters),
    endpoint: lowerAssignments(ir.endpoints),
    secret: new PiecedResources([[lowerSecrets(ir.secrets), ...lowerCredentials(ir)]]),
    'extension-config': byName([
      // Where no listener is of requests nobody asks for it, and it would be waited for.
      ...(policyModule === undefined || !ir.listeners.some(hasRequests)
        ? []
        : lowerPolicyModule(ir.shared ?? NOT_SHARED, policyModule)),
      ...ir.listeners.flatMap(lowerStreams),
      ...[...wasmFiltersOf(ir).values()].flatMap((filter) => lowerWasm(filter, filters.get(filter.name)) ?? []),
    ]),
  };
  if (ir.patches === undefined) return snapshot;
  // A patch is about the whole RouteConfiguration.
  const whole = patched.routes.intersection(snapshot.route);
  return splitRoutes(patchSnapshot(wholeRoutes(snapshot, whole), patches), whole);
}

function hasRequests(ir: ListenerIr): boolean {
  return ir.chains.some((piece) => piece.some(({ kind }) => kind === 'http'));
}

/** Names of the RouteConfigurations that patches are about. */
export function routesOfPatches(patches: readonly ResourcePatchIr[]): ReadonlySet<string> {
  return new Set(patches.filter(({ type }) => type === 'route').map(({ name }) => name));
}

function byName(resources: readonly XdsResource[]): XdsResources {
  return new Map(resources.map((resource) => [resource.name, resource]));
}

/** Datagrams are passed on by a filter of the listener itself. */
function lowerStreams(ir: ListenerIr): readonly XdsResource[] {
  return ir.protocol === 'UDP' ? [] : ir.chains.flatMap(streamsOfChains);
}

const streamsOfChains = once((chains: readonly ChainIr[]): readonly XdsResource[] =>
  chains.flatMap((chain) => (chain.kind === 'stream' ? lowerStream(chain) : [])),
);

const lowerStream = once((chain: StreamChainIr) => extensionConfig(tcpProxy(chain)));

/** The RouteConfigurations of a listener, without their virtual hosts. */
function lowerRoutes(ir: ListenerIr): readonly XdsResource[] {
  const { frame } = ir;
  const known = frame === undefined ? undefined : routesOfFrames.get(frame);
  if (known !== undefined) return known;
  const routes = httpChains(ir).map(({ name }) => routeConfiguration(name));
  if (frame !== undefined) routesOfFrames.set(frame, routes);
  return routes;
}

const routesOfFrames = new WeakMap<object, readonly XdsResource[]>();

/** Names of what patches are about: RouteConfigurations, and Listeners whose filters they change. */
interface Patched {
  readonly routes: ReadonlySet<string>;
  readonly listeners: ReadonlySet<string>;
}

/** Of many chains those are passed that are as they were. */
function lowerChains(chains: readonly ChainIr[], listenerName: string, patched: Patched): Pieces<XdsResource> {
  const isPatched =
    patched.listeners.has(listenerName) ||
    (patched.routes.size > 0 && chains.some(({ name }) => patched.routes.has(name)));
  return isPatched ? chains.flatMap((chain) => lowerChain(chain, listenerName, patched)) : hostsOfChains(chains);
}

const hostsOfChains = once((chains: readonly ChainIr[]): Pieces<XdsResource> =>
  chains.flatMap((chain) => (chain.kind === 'http' ? hostsOfChain(chain) : [])),
);

function lowerChain(chain: ChainIr, listenerName: string, { routes, listeners }: Patched): Pieces<XdsResource> {
  if (chain.kind !== 'http') return [];
  const isPatched = routes.has(chain.name);
  const hasPatchedFilters = listeners.has(listenerName);
  return isPatched || hasPatchedFilters ? lowerHosts(chain, isPatched, hasPatchedFilters) : hostsOfChain(chain);
}

const hostsOfChain = once((chain: HttpChainIr) => lowerHosts(chain, false, false));

/** A listener is encoded again only when something of it changes that is not its routes, or these need other filters. */
function lowerListener(ir: ListenerIr): XdsResource {
  const { frame } = ir;
  const filters = specialChains(ir).length === 0 ? commonFilters(NOTHING_SPECIAL) : signed(filtersOf(ir));
  const known = frame === undefined ? undefined : listenersOfFrames.get(frame);
  const signature = `${ir.name} ${ir.address} ${ir.port} ${filters.signature}`;
  if (known?.signature === signature) return known.resource;
  const resource = encodeListener(ir, filters);
  if (frame !== undefined) listenersOfFrames.set(frame, { signature, resource });
  return resource;
}

/** Filters of requests, and what tells them from others. */
interface SignedFilters {
  readonly filters: readonly HttpFilter[];
  readonly signature: string;
}

function signed(filters: readonly HttpFilter[]): SignedFilters {
  return { filters, signature: filters.map(signatureOf).join(' ') };
}

const listenersOfFrames = new WeakMap<object, { readonly signature: string; readonly resource: XdsResource }>();

function signatureOf(filter: HttpFilter): string {
  return Buffer.from(encode(HTTP_FILTER, filter)).toString('latin1');
}

const HTTP_FILTER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter';

function encodeListener(ir: ListenerIr, filters: SignedFilters): XdsResource {
  const socket = encode('envoy.config.listener.v3.Listener', listener(ir, filters.filters));
  const chains = ir.chains
    .flat()
    .filter(isMatched)
    .map((chain) => encodeChain(chain, filters));
  return xdsResource('listener', ir.name, chains.length === 0 ? socket : Buffer.concat([socket, ...chains]));
}

/** One of many chains, which others come and go beside, as field 3 (`filter_chains`) of `envoy.config.listener.v3.Listener`. */
function encodeChain(chain: ChainIr, { filters, signature }: SignedFilters): Uint8Array {
  // What TLS is terminated by is an object of one chain, and a new one when anything of the chain but its routes changes.
  const head = chain.kind === 'http' ? (chain.tls ?? chain) : chain;
  const known = chainsOfHeads.get(head);
  if (known?.signature === signature) return known.bytes;
  const bytes = new BinaryWriter()
    .tag(3, WireType.LengthDelimited)
    .bytes(encode('envoy.config.listener.v3.FilterChain', filterChain(chain, filters)))
    .finish();
  chainsOfHeads.set(head, { signature, bytes });
  return bytes;
}

const chainsOfHeads = new WeakMap<object, { readonly signature: string; readonly bytes: Uint8Array }>();

function filtersOf(ir: ListenerIr): readonly HttpFilter[] {
  const asking = [
    ...externalAuthFilters(ir),
    ...distinct(ofHosts(ir, basicAuthsOf), basicAuthFilterName, basicAuthFilter),
    ...distinct(ofHosts(ir, apiKeyAuthsOf), () => API_KEY_FILTER, apiKeyAuthFilter),
  ];
  const users = [...processorFilters(ir), ...wasmFilters(ir)];
  const credentials = distinct(ofHosts(ir, credentialsOfHosts), credentialFilterName, credentialFilter);
  return [
    ...nativeFilters('first'),
    ...asking,
    ...(ofHosts(ir, csrfsOf).length === 0 ? [] : [markFilter(csrfFilter.name)]),
    ...[...asking, ...users, ...credentials].map(({ name = '' }) => markFilter(name)),
    ...nativeFilters('afterAsking'),
    firstPolicyFilter(),
    ...loginFilters(),
    ...nativeFilters('beforeUsers'),
    ...users,
    ...laterPolicyFilters(),
    ...nativeFilters('behindUsers'),
    ...nativeFilters('last'),
    ...credentials,
    ...compressorFilters(ir),
    router(),
  ];
}

/** One filter for each way of compressing that any route has. */
function compressorFilters(ir: ListenerIr): HttpFilter[] {
  return distinct(ofHosts(ir, compressorsOf), compressorFilterName, compressorFilter);
}

/** One filter for each server that is asked in one way. */
function externalAuthFilters(ir: ListenerIr): HttpFilter[] {
  return distinct(ofHosts(ir, externalAuthsOf), externalAuthFilterName, externalAuthFilter);
}

const externalAuthsOf = once((hosts: readonly VirtualHostIr[]): readonly ExternalAuthIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => serversAsked(features))),
);

const basicAuthsOf = once((hosts: readonly VirtualHostIr[]): readonly BasicAuthIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.basicAuth ?? [])),
);

const csrfsOf = once((hosts: readonly VirtualHostIr[]): readonly CsrfIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.csrf ?? [])),
);

const apiKeyAuthsOf = once((hosts: readonly VirtualHostIr[]): readonly ApiKeyAuthIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.apiKeyAuth ?? [])),
);

const credentialsOfHosts = once((hosts: readonly VirtualHostIr[]): readonly CredentialIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(credentialsOf)),
);

function ofHosts<T>(ir: ListenerIr, found: (hosts: readonly VirtualHostIr[]) => readonly T[]): readonly T[] {
  return specialChains(ir).flatMap(({ virtualHosts }) => virtualHosts.flatMap(found));
}

/** The chains whose routes may need filters that not all have: of thousands most do not, and are looked at once. */
const specialChains = once(({ chains }: ListenerIr): readonly HttpChainIr[] => chains.flatMap(specialIn));

const specialIn = once((chains: readonly ChainIr[]): readonly HttpChainIr[] => httpChainsIn(chains).filter(isSpecial));

const isSpecial = once(({ virtualHosts }: HttpChainIr): boolean => virtualHosts.some(hasSpecial));

/** Whatever filter a route needs, it is for its features, or for credentials of its back-ends. */
const hasSpecial = once((hosts: readonly VirtualHostIr[]): boolean =>
  hosts.some(({ routes }) =>
    routes.some((route) => Object.keys(route.features).length > 0 || credentialsOf(route).length > 0),
  ),
);

/** One filter for each name, in order of the names. */
function distinct<T>(all: readonly T[], nameOf: (one: T) => string, filterOf: (one: T) => HttpFilter): HttpFilter[] {
  const filters = new Map<string, HttpFilter>();
  for (const one of all) {
    const name = nameOf(one);
    if (!filters.has(name)) filters.set(name, filterOf(one));
  }
  return [...filters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, filter]) => filter);
}

const compressorsOf = once((hosts: readonly VirtualHostIr[]): readonly CompressorIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.compressors ?? [])),
);

/** One filter for each place and message timeout that a processor of any route needs, in order of place. */
function processorFilters(ir: ListenerIr): HttpFilter[] {
  const filters = new Map<string, { readonly index: number; readonly filter: HttpFilter }>();
  for (const { index, processor } of ofHosts(ir, processorsOf)) {
    const name = extProcFilterName(index, processor);
    if (!filters.has(name)) filters.set(name, { index, filter: extProcFilter(index, processor) });
  }
  return [...filters]
    .sort(([a, { index: i }], [b, { index: j }]) => i - j || (a < b ? -1 : 1))
    .map(([, { filter }]) => filter);
}

type PlacedProcessor = { readonly index: number; readonly processor: ExtProcIr };

const processorsOf = once((hosts: readonly VirtualHostIr[]): readonly PlacedProcessor[] =>
  hosts.flatMap(({ routes }) =>
    routes.flatMap(({ features }) => (features.extProc ?? []).map((processor, index) => ({ index, processor }))),
  ),
);

/** Users' filters of all routes of a proxy, by name. */
export function wasmFiltersOf({ listeners }: Pick<ProxyIr, 'listeners'>): ReadonlyMap<string, WasmFilterIr> {
  const found = new Map<string, WasmFilterIr>();
  for (const ir of listeners) for (const filter of ofHosts(ir, wasmOf)) found.set(filter.name, filter);
  return found;
}

const wasmOf = once((hosts: readonly VirtualHostIr[]): readonly WasmFilterIr[] => [
  ...new Set(hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.wasm ?? []))),
]);

/** Users' filters of a listener: those of one policy in its order, whatever others are between them. */
function wasmFilters(ir: ListenerIr): HttpFilter[] {
  return [...wasmFiltersOf({ listeners: [ir] }).values()]
    .sort((a, b) => a.index - b.index || (a.name < b.name ? -1 : 1))
    .map(wasmFilter);
}

const NOTHING_SPECIAL: ListenerIr = { name: '', address: '', protocol: 'TCP', port: 0, chains: [] };

/** Those of a listener whose routes need no others. */
const commonFilters = once((nothing: ListenerIr): SignedFilters => signed(filtersOf(nothing)));

const loadedConfig = once((loaded: LoadedFilterIr) => extensionConfig(wasmFilterConfig(loaded)));
const leftOut = once((filter: WasmFilterIr) => extensionConfig(leftOutConfig(filter)));

/** The configuration of a filter in the version that is there; without one Envoy answers 500, or the filter is left out. */
function lowerWasm(filter: WasmFilterIr, loaded: LoadedFilterIr | undefined): XdsResource | undefined {
  if (loaded !== undefined) return loadedConfig(loaded);
  return filter.failOpen ? leftOut(filter) : undefined;
}

function lowerHosts(
  { name, virtualHosts }: HttpChainIr,
  isPatched: boolean,
  hasPatchedFilters: boolean,
): Pieces<XdsResource> {
  const around = surroundings(virtualHosts, isPatched, hasPatchedFilters);
  return virtualHosts.map((hosts) => {
    const last = lastOfPieces.get(hosts);
    const depends = dependence(hosts, around);
    if (last?.name === name && last.depends === depends) return last.resources;
    const resources = hosts.map((host) => lowerHost(host, name, around));
    lastOfPieces.set(hosts, { name, depends, resources });
    return resources;
  });
}

interface LoweredPiece {
  /** Of the RouteConfiguration. */
  readonly name: string;
  readonly depends: string;
  readonly resources: readonly XdsResource[];
}

const lastOfPieces = new WeakMap<readonly VirtualHostIr[], LoweredPiece>();

const resourcesOfHosts = once((_host: VirtualHostIr) => new Map<string, XdsResource>());

/** A virtual host of a RouteConfiguration, made once: one that did not change costs no encoding. */
function lowerHost(host: VirtualHostIr, configuration: string, around: Surroundings): XdsResource {
  const made = resourcesOfHosts(host);
  const key = `${configuration} ${dependence([host], around)}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const message = virtualHost(host, configuration, around);
  const body = encode('envoy.config.route.v3.VirtualHost', message);
  const resource = xdsResource('virtual-host', message.name ?? configuration, body);
  made.set(key, resource);
  return resource;
}

const lowerCluster = once((ir: ClusterIr) =>
  xdsResource('cluster', ir.name, encode('envoy.config.cluster.v3.Cluster', policyCluster(ir))),
);

const lowerClusters = once(
  (clusters: Pieces<ClusterIr>): XdsResources => new PiecedResources([clusters.map(lowerPiece)]),
);

const lowerPiece = once((clusters: readonly ClusterIr[]): readonly XdsResource[] => clusters.map(lowerCluster));

const lowerAssignment = once((ir: AssignmentIr) => {
  const body = encode('envoy.config.endpoint.v3.ClusterLoadAssignment', assignment(ir));
  return xdsResource('endpoint', ir.cluster, body);
});

const lowerAssignments = once(
  (endpoints: Pieces<AssignmentIr>): XdsResources => new PiecedResources([endpoints.map(lowerAssignmentPiece)]),
);

const lowerAssignmentPiece = once((assignments: readonly AssignmentIr[]): readonly XdsResource[] =>
  assignments.map(lowerAssignment),
);

const lowerSecret = once((ir: SecretIr) =>
  xdsResource('secret', ir.name, encode('envoy.extensions.transport_sockets.tls.v3.Secret', tlsSecret(ir))),
);

const lowerSecrets = once((secrets: readonly SecretIr[]): readonly XdsResource[] => secrets.map(lowerSecret));

/** Credentials, each once: routes share them. */
function lowerCredentials(ir: ProxyIr): Pieces<XdsResource> {
  const credentials = new Map(
    ir.listeners.flatMap((one) => ofHosts(one, credentialsOfHosts)).map((one) => [one.secret, lowerCredential(one)]),
  );
  return credentials.size === 0 ? [] : [[...credentials.values()]];
}

const lowerCredential = once((ir: CredentialIr) =>
  xdsResource('secret', ir.secret, encode('envoy.extensions.transport_sockets.tls.v3.Secret', credentialSecret(ir))),
);

const NOT_SHARED: readonly SharedPolicyIr[] = [];

const modulesOf = once((_shared: readonly SharedPolicyIr[]) => new Map<string, readonly XdsResource[]>());

function lowerPolicyModule(shared: readonly SharedPolicyIr[], { path, digest }: ModuleFile): readonly XdsResource[] {
  const made = modulesOf(shared);
  const key = `${digest} ${path}`;
  const known = made.get(key) ?? policyFilterConfigs(path, digest, shared).map(extensionConfig);
  made.set(key, known);
  return known;
}

function extensionConfig(config: Init<'envoy.config.core.v3.TypedExtensionConfig'>): XdsResource {
  const name = config.name ?? '';
  return xdsResource('extension-config', name, encode('envoy.config.core.v3.TypedExtensionConfig', config));
}
