import { type ChainIr, type HttpChainIr } from '../ir/listener.ts';
import type { Pieces } from '../ir/pieces.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { encode } from './build/message.ts';
import { once } from '../ir/once.ts';
import { dependence, type Surroundings, surroundings } from './policy-places.ts';
import { virtualHost } from './route.ts';
import { type XdsResource, xdsResource } from './snapshot.ts';

/** Names of what patches are about: RouteConfigurations, and Listeners whose filters they change. */
export interface Patched {
  readonly routes: ReadonlySet<string>;
  readonly listeners: ReadonlySet<string>;
}

/** The virtual hosts of chains of a listener. Of many chains those are passed that are as they were. */
export function lowerChains(chains: readonly ChainIr[], listenerName: string, patched: Patched): Pieces<XdsResource> {
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
