import type { FetchSettings } from '#extproc/outbound/fetch-settings.ts';
import { oidcClientMessage } from './features/oidc/agent.ts';
import type { LoginKeys } from './infra/local/login-keys.ts';
import { type ChainIr, type HttpChainIr, httpChainsIn, type ListenerIr } from './ir/listener.ts';
import type { OidcClientIr } from './ir/oidc.ts';
import type { ProxyIr } from './ir/proxy.ts';
import type { VirtualHostIr } from './ir/virtual-host.ts';
import type { Counting } from './redis/counting.ts';
import type { SidecarStateInit } from './server/agent/sidecar-states.ts';
import type { Init } from './xds/build/message.ts';
import { once } from './ir/once.ts';

/** What is the same for all sidecars. */
export interface SidecarSettings {
  readonly loginKeys: LoginKeys;
  readonly fetch: FetchSettings;
  /** Where global rate limits are counted; while it is not known, sidecars are told nothing of it. */
  readonly counting: () => Counting | undefined;
  /** How long a request waits to be counted; a second where nothing is said. Milliseconds. */
  readonly countTimeout: number | undefined;
}

/** Makes what the sidecar of a proxy is to work by from the configurations that may be in force there, newest first. */
export type SidecarStateOf = (configurations: readonly ProxyIr[]) => SidecarStateInit;

/** Makes states with these settings. */
export function sidecarStates({ loginKeys, fetch, counting, countTimeout }: SidecarSettings): SidecarStateOf {
  const keys = loginKeysMessage(loginKeys);
  const fetchRules = fetchRulesMessage(fetch);
  return (configurations) => {
    const clients = new Map<string, OidcClientIr>();
    for (const { listeners } of configurations) {
      for (const listener of listeners) {
        // The same client may have another secret by now: the newest counts.
        for (const client of clientsOfListener(listener)) if (!clients.has(client.id)) clients.set(client.id, client);
      }
    }
    const ids = [...clients.keys()].sort();
    const oidcClients = ids.flatMap((id) => {
      const client = clients.get(id);
      return client === undefined ? [] : [oidcClientMessage(client)];
    });
    const where = counting();
    const told = where === undefined ? {} : { counting: countingMessage(where, fetch.caBundle, countTimeout) };
    return { loginKeys: keys, fetchRules, oidcClients, ...told };
  };
}

const clientsOfListener = once(({ chains }: ListenerIr): readonly OidcClientIr[] => chains.flatMap(clientsOfChains));

const clientsOfChains = once((chains: readonly ChainIr[]): readonly OidcClientIr[] =>
  httpChainsIn(chains).flatMap(clientsOfChain),
);

const clientsOfChain = once(({ virtualHosts }: HttpChainIr): readonly OidcClientIr[] =>
  virtualHosts.flatMap(clientsOf),
);

const clientsOf = once((hosts: readonly VirtualHostIr[]): readonly OidcClientIr[] => {
  const clients = new Set<OidcClientIr>();
  for (const { routes } of hosts) {
    for (const { features } of routes) if (features.oidc !== undefined) clients.add(features.oidc.client);
  }
  return [...clients];
});

/** A Redis that cannot be had (RFC 6761 section 6.4). */
const NOWHERE = 'redis://nowhere.invalid';

function countingMessage(
  counting: Counting,
  caBundle: string | undefined,
  timeout = 0,
): Init<'sluice.agent.v1.Counting'> {
  switch (counting.kind) {
    case 'memory':
      return { timeout };
    case 'nowhere':
      // A sidecar that does not know the field must not count by itself instead.
      return { timeout, impediment: counting.impediment, redisUrl: NOWHERE };
    case 'redis': {
      const { url, certificate, authorities } = counting;
      return {
        timeout,
        redisUrl: url,
        caBundle: [caBundle, authorities].filter((text) => text !== undefined).join('\n'),
        certificate: certificate?.chain ?? '',
        privateKey: certificate?.key ?? '',
      };
    }
    default:
      return counting satisfies never;
  }
}

function loginKeysMessage({ session, sealing }: LoginKeys): Init<'sluice.agent.v1.LoginKeys'> {
  return {
    session: session.map(({ kid, privateKey }) => ({
      kid,
      pkcs8: Uint8Array.from(privateKey.export({ type: 'pkcs8', format: 'der' })),
    })),
    sealing: sealing.map((key) => Uint8Array.from(key)),
  };
}

function fetchRulesMessage(settings: FetchSettings): Init<'sluice.agent.v1.FetchRules'> {
  const { resolverOverrides, caBundle, refuse, allow } = settings;
  return {
    resolverOverrides: Object.fromEntries(
      [...resolverOverrides].map(([host, { address, port }]) => [host, { address, port: port ?? 0 }]),
    ),
    caBundle: caBundle ?? '',
    refuseLoopback: refuse.has('Loopback'),
    refusePrivate: refuse.has('Private'),
    allow: [...allow],
  };
}
