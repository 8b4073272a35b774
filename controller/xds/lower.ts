import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { extProcFilter, extProcFilterName } from '../features/ext-proc/xds.ts';
import type { AddressIr, ClusterIr } from '../ir/cluster.ts';
import type { ChainIr, ListenerIr } from '../ir/listener.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import type { SecretIr } from '../ir/secret.ts';
import type { RouteIr } from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { assignment, cluster } from './build/cluster.ts';
import { listener, router } from './build/listener.ts';
import { tlsSecret } from './build/tls.ts';
import { encode, type Init } from './build/message.ts';
import { POLICY_FILTER, policyFilter, policyFilterConfig } from './policy-filter.ts';
import { virtualHost } from './route.ts';
import { type XdsResource, type XdsSnapshot, xdsResource } from './snapshot.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** A module whose file is with the proxy: its digest, and the file's path as Envoy sees it. */
export interface ModuleFile {
  readonly digest: string;
  readonly path: string;
}

/**
 * The resources of a proxy. Pure and deterministic; every reference between them closes, save that to the `policy`
 * module's configuration while its file is not with the proxy: routes with a policy then answer 500.
 */
export function lower(ir: ProxyIr, policyModule: ModuleFile | undefined): XdsSnapshot {
  return {
    listener: byName(ir.listeners.map(lowerListener)),
    route: byName(ir.listeners.flatMap(({ chains }) => chains.map(lowerRoutes))),
    cluster: byName([...ir.clusters].map(lowerCluster)),
    endpoint: byName([...ir.endpoints].map(([name, addresses]) => lowerEndpoints(name, addresses))),
    secret: byName(ir.secrets.map(lowerSecret)),
    'extension-config': byName(policyModule === undefined ? [] : [lowerPolicyModule(policyModule)]),
  };
}

function byName(resources: readonly XdsResource[]): ReadonlyMap<string, XdsResource> {
  return new Map(resources.map((resource) => [resource.name, resource]));
}

function lowerListener(ir: ListenerIr): XdsResource {
  return xdsResource(
    'listener',
    ir.name,
    encode('envoy.config.listener.v3.Listener', listener(ir, [policyFilter(), ...processorFilters(ir), router()])),
  );
}

/** One filter for each place and message timeout that a processor of any route needs, in order of place. */
function processorFilters(ir: ListenerIr): HttpFilter[] {
  const filters = new Map<string, { readonly index: number; readonly filter: HttpFilter }>();
  for (const { features } of routesOf(ir)) {
    for (const [index, processor] of (features.extProc ?? []).entries()) {
      const name = extProcFilterName(index, processor);
      if (!filters.has(name)) filters.set(name, { index, filter: extProcFilter(index, processor) });
    }
  }
  return [...filters]
    .sort(([a, { index: i }], [b, { index: j }]) => i - j || (a < b ? -1 : 1))
    .map(([, { filter }]) => filter);
}

function lowerRoutes(ir: ChainIr): XdsResource {
  const head = encode('envoy.config.route.v3.RouteConfiguration', { name: ir.name, ignorePortInHostMatching: true });
  const hosts = new BinaryWriter();
  for (const host of ir.virtualHosts) {
    hosts.tag(VIRTUAL_HOSTS_FIELD, WireType.LengthDelimited).bytes(virtualHostBytes(host, ir.name));
  }
  return xdsResource('route', ir.name, Buffer.concat([head, hosts.finish()]));
}

/** Number of `virtual_hosts` in `envoy.config.route.v3.RouteConfiguration`. */
const VIRTUAL_HOSTS_FIELD = 2;

const encodedHosts = new WeakMap<VirtualHostIr, { readonly listener: string; readonly bytes: Uint8Array }>();

/** A virtual host's bytes, made once: one that did not change costs nothing when another of its listener does. */
function virtualHostBytes(ir: VirtualHostIr, listenerName: string): Uint8Array {
  const known = encodedHosts.get(ir);
  if (known?.listener === listenerName) return known.bytes;
  const bytes = encode('envoy.config.route.v3.VirtualHost', virtualHost(ir, listenerName));
  encodedHosts.set(ir, { listener: listenerName, bytes });
  return bytes;
}

function lowerCluster(ir: ClusterIr): XdsResource {
  return xdsResource('cluster', ir.name, encode('envoy.config.cluster.v3.Cluster', cluster(ir)));
}

function lowerEndpoints(name: string, addresses: readonly AddressIr[]): XdsResource {
  const message = assignment(name, addresses);
  return xdsResource('endpoint', name, encode('envoy.config.endpoint.v3.ClusterLoadAssignment', message));
}

function lowerSecret(ir: SecretIr): XdsResource {
  return xdsResource('secret', ir.name, encode('envoy.extensions.transport_sockets.tls.v3.Secret', tlsSecret(ir)));
}

function lowerPolicyModule({ digest, path }: ModuleFile): XdsResource {
  const message = policyFilterConfig(path, digest);
  return xdsResource('extension-config', POLICY_FILTER, encode('envoy.config.core.v3.TypedExtensionConfig', message));
}

function* routesOf(ir: ListenerIr): Iterable<RouteIr> {
  for (const { virtualHosts } of ir.chains) for (const host of virtualHosts) yield* host.routes;
}
