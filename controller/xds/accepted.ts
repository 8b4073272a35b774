import { httpChains } from '../ir/listener.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { virtualHostName } from './route-configuration.ts';

/** What of a resource's names a proxy refused. */
export interface RefusedHosts {
  /** Virtual hosts, by the names that they have as resources. */
  readonly hosts: ReadonlySet<string>;
  /** RouteConfigurations, with all virtual hosts of theirs. */
  readonly configurations: ReadonlySet<string>;
}

/**
 * What a proxy has now that it has answered for all of `published`: virtual hosts that it refused are as they were in
 * `before`, where they were there at all.
 */
export function accepted(published: ProxyIr, before: ProxyIr | undefined, refused: RefusedHosts): ProxyIr {
  if (refused.hosts.size + refused.configurations.size === 0) return published;
  const old = new Map<string, VirtualHostIr>();
  for (const listener of before?.listeners ?? []) {
    for (const { name, virtualHosts } of httpChains(listener)) {
      for (const host of virtualHosts.flat()) old.set(virtualHostName(name, host.hostname), host);
    }
  }
  const keptOf = (configuration: string, host: VirtualHostIr): readonly VirtualHostIr[] => {
    const name = virtualHostName(configuration, host.hostname);
    if (!refused.hosts.has(name) && !refused.configurations.has(configuration)) return [host];
    const kept = old.get(name);
    return kept === undefined ? [] : [kept];
  };
  const listeners = published.listeners.map((listener) => ({
    ...listener,
    chains: listener.chains.map((piece) =>
      piece.map((chain) =>
        chain.kind === 'stream'
          ? chain
          : { ...chain, virtualHosts: [chain.virtualHosts.flat().flatMap((host) => keptOf(chain.name, host))] },
      ),
    ),
  }));
  const assigned = new Set(published.endpoints.flat().map(({ cluster }) => cluster));
  const others = before?.endpoints.flat().filter(({ cluster }) => !assigned.has(cluster)) ?? [];
  return { ...published, listeners, endpoints: [...published.endpoints, others] };
}
