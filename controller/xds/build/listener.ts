import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { ClientHttpIr } from '../../ir/client-traffic.ts';
import {
  type ChainIr,
  type HttpChainIr,
  type ListenerIr,
  type StreamChainIr,
  terminationOf,
} from '../../ir/listener.ts';
import { clientFilters, clientSettings, connectionLimit, router } from './client-http.ts';
import { clientRulesFilter } from './client-rules.ts';
import { proxyProtocolFilters, socketSettings } from './client-socket.ts';
import { adsSource } from './config-source.ts';
import { socketAddress } from './cluster.ts';
import { any, duration, type Init } from './message.ts';
import { tcpProxyFilter, udpProxyFilter } from './stream.ts';
import { downstreamTls, tlsInspector } from './tls.ts';

const PROTOCOL = enumMembers('envoy.config.core.v3.SocketAddress.Protocol');

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

const CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const { PASS_THROUGH } = enumMembers(`${CONNECTION_MANAGER}.ServerHeaderTransformation`);

/**
 * The Envoy listener of a socket without its chains that connections are matched to (`isMatched`). On plaintext its connection
 * manager is the first filter of the default filter chain, which EnvoyPatchPolicy relies on
 * (`default_filter_chain/filters/0`); with TLS there is a chain for each server name.
 */
export function listener(ir: ListenerIr, filters: readonly HttpFilter[]): Init<'envoy.config.listener.v3.Listener'> {
  const socket = {
    name: ir.name,
    address: socketAddress({ kind: 'ip', address: ir.address, port: ir.port }, PROTOCOL[ir.protocol], ir.bothFamilies),
    perConnectionBufferLimitBytes: 32_768,
    ...(ir.client === undefined ? {} : socketSettings(ir.client, ir.protocol)),
  };
  const before = ir.client === undefined ? [] : proxyProtocolFilters(ir.client);
  const first = ir.chains[0]?.[0];
  if (ir.protocol === 'UDP') {
    return { ...socket, listenerFilters: first?.kind === 'stream' ? [udpProxyFilter(first)] : [] };
  }
  return first === undefined || isMatched(first)
    ? { ...socket, listenerFilters: [...before, tlsInspector(fingerprintsOf(ir))] }
    : {
        ...socket,
        ...(before.length === 0 ? {} : { listenerFilters: [...before] }),
        defaultFilterChain: filterChain(first, filters),
      };
}

/** Whether a chain is one of several that connections are matched to, by server name. */
export function isMatched(chain: ChainIr): boolean {
  return chain.kind === 'http' ? chain.tls !== undefined : chain.tls.kind !== 'none';
}

/** A chain of a listener; routes of requests pass through `filters`. */
export function filterChain(
  chain: ChainIr,
  filters: readonly HttpFilter[],
): Init<'envoy.config.listener.v3.FilterChain'> {
  const made = chain.kind === 'http' ? httpChain(chain, filters) : streamChain(chain);
  const handshake = terminationOf(chain)?.handshakeTimeout;
  return handshake === undefined ? made : { ...made, transportSocketConnectTimeout: duration(handshake) };
}

/** Fingerprints that are taken of clients' hellos at a socket. */
function fingerprintsOf({ chains }: ListenerIr): ReadonlySet<string> {
  return new Set(chains.flat().flatMap((chain) => terminationOf(chain)?.fingerprints ?? []));
}

function httpChain(
  { name, tls, client = {} }: HttpChainIr,
  filters: readonly HttpFilter[],
): Init<'envoy.config.listener.v3.FilterChain'> {
  const manager = 'envoy.filters.network.http_connection_manager';
  return {
    name,
    filters: [
      ...connectionLimit(name, client),
      {
        name: manager,
        configType: {
          case: 'typedConfig',
          value: connectionManager(
            name,
            tls !== undefined,
            [...clientFilters(client), ...filters, router(client)],
            client,
          ),
        },
      },
    ],
    ...(tls === undefined
      ? {}
      : { ...serverNames([tls.hostname]), transportSocket: downstreamTls(tls, ['h2', 'http/1.1']) }),
  };
}

function streamChain(chain: StreamChainIr): Init<'envoy.config.listener.v3.FilterChain'> {
  const { name, tls } = chain;
  return {
    name,
    filters: [...(chain.clients === undefined ? [] : [clientRulesFilter(chain.clients)]), tcpProxyFilter(chain)],
    ...(tls.kind === 'none' ? {} : serverNames(tls.hostnames)),
    ...(tls.kind === 'terminate' ? { transportSocket: downstreamTls(tls.termination, []) } : {}),
  };
}

/** A chain without a match takes what no other one does. */
function serverNames(
  hostnames: readonly string[],
): Pick<Init<'envoy.config.listener.v3.FilterChain'>, 'filterChainMatch'> {
  return hostnames.includes('*') ? {} : { filterChainMatch: { serverNames: [...hostnames] } };
}

function connectionManager(name: string, isTls: boolean, filters: readonly HttpFilter[], client: ClientHttpIr): Any {
  return any(CONNECTION_MANAGER, {
    statPrefix: isTls ? 'https' : 'http',
    routeSpecifier: { case: 'rds', value: { configSource: adsSource(), routeConfigName: name } },
    httpFilters: [...filters],
    // Routes say so where they allow something else, or nothing.
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    serverHeaderTransformation: PASS_THROUGH,
    ...clientSettings(client),
  });
}
