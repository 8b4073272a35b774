import { credentialSecret } from '../features/credential/xds.ts';
import { wasmFilterConfig, wasmFilterName } from '../features/wasm/xds.ts';
import type { AssignmentIr, ClusterIr } from '../ir/cluster.ts';
import type { CredentialIr } from '../ir/credential.ts';
import { type ChainIr, httpChains, type ListenerIr, type StreamChainIr } from '../ir/listener.ts';
import type { ResourcePatchIr } from '../ir/patch.ts';
import type { Pieces } from '../ir/pieces.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import type { SharedPolicyIr } from '../ir/route.ts';
import type { SecretIr } from '../ir/secret.ts';
import type { LoadedFilterIr, WasmFilterIr } from '../ir/wasm-filter.ts';
import { assignment } from './build/cluster.ts';
import { encode, type Init } from './build/message.ts';
import { tcpProxy } from './build/stream.ts';
import { tlsSecret } from './build/tls.ts';
import { policyCluster } from './cluster.ts';
import { credentialsOfHosts, ofHosts, wasmFiltersOf } from './http-filters.ts';
import { leftOut } from './left-out.ts';
import { lowerListener } from './listener.ts';
import { once } from '../ir/once.ts';
import { patchSnapshot } from './patch.ts';
import { listenersWithPatchedFilters } from './patched-filters.ts';
import { PiecedResources } from './pieced-resources.ts';
import { policyFilterConfigs } from './policy-filter.ts';
import { routeConfiguration, splitRoutes, wholeRoutes } from './route-configuration.ts';
import { type XdsResource, type XdsResources, type XdsSnapshot, xdsResource } from './snapshot.ts';
import { lowerChains } from './virtual-hosts.ts';

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

const loadedConfig = once((loaded: LoadedFilterIr) => ({
  ...extensionConfig(wasmFilterConfig(loaded)),
  file: loaded.path,
}));
const leftOutFilter = once((filter: WasmFilterIr) => leftOut(wasmFilterName(filter)));

/** The configuration of a filter in the version that is there; without one Envoy answers 500, or the filter is left out. */
function lowerWasm(filter: WasmFilterIr, loaded: LoadedFilterIr | undefined): XdsResource | undefined {
  if (loaded !== undefined) return loadedConfig(loaded);
  return filter.failOpen ? leftOutFilter(filter) : undefined;
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
  const known =
    made.get(key) ??
    policyFilterConfigs(path, digest, shared).map((config) => ({ ...extensionConfig(config), file: path }));
  made.set(key, known);
  return known;
}

function extensionConfig(config: Init<'envoy.config.core.v3.TypedExtensionConfig'>): XdsResource {
  const name = config.name ?? '';
  return xdsResource('extension-config', name, encode('envoy.config.core.v3.TypedExtensionConfig', config));
}
