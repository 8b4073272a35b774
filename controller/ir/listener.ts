import type { AuthorizationActionIr } from './authorization.ts';
import type { ClientHttpIr, ClientSocketIr, ClientTlsIr } from './client-traffic.ts';
import type { ClusterIr } from './cluster.ts';
import type { ClusterSettingsIr } from './cluster-settings.ts';
import type { AddressBlockIr } from './match.ts';
import type { Pieces } from './pieces.ts';
import type { VirtualHostIr } from './virtual-host.ts';

/** One socket that a proxy listens on, with what it serves there. */
export interface ListenerIr {
  /** "<namespace>/<gateway>/<listener>" of the first listener on the port: of the Envoy Listener. A contract. */
  readonly name: string;
  readonly address: string;
  /** Whether `address`, "::" then, is all IPv4 addresses, too. */
  readonly bothFamilies?: true;
  /** What it carries: HTTP and TLS are on TCP. */
  readonly protocol: 'TCP' | 'UDP';
  /** The port that is bound; where a privileged port is shifted this is not the port of the manifest. */
  readonly port: number;
  /** Plaintext and UDP have one chain; TLS has several, told apart by the server name (SNI). */
  readonly chains: Pieces<ChainIr>;
  /** How it takes connections; as Envoy does where nobody says. */
  readonly client?: ClientSocketIr;
  /** Stands for all of it but its routes: while it is the same object, only they may differ. Absent where nobody knows. */
  readonly frame?: object;
}

/** The connections of a socket that are served alike. */
export type ChainIr = HttpChainIr | StreamChainIr;

/** Connections whose requests are routed. */
export interface HttpChainIr {
  readonly kind: 'http';
  /** "<namespace>/<gateway>/<listener>": of the RouteConfiguration. A contract. */
  readonly name: string;
  readonly tls: TlsIr | undefined;
  /** How clients are talked to; our defaults where nobody says. */
  readonly client?: ClientHttpIr;
  readonly virtualHosts: Pieces<VirtualHostIr>;
}

/** Connections, or datagrams, that are passed on as they are. */
export interface StreamChainIr {
  readonly kind: 'stream';
  /** Of the listener where it has one chain, else of the route, too: "<listener>/tlsroute/<namespace>/<name>". */
  readonly name: string;
  readonly tls: StreamTlsIr;
  /** Who may connect; without it everybody may. */
  readonly clients?: ClientRulesIr;
  /** Until a connection is closed on which nothing comes, in milliseconds; 0 for never. Envoy's default without it. */
  readonly idleTimeout?: number;
  /** Without any, every connection is closed. */
  readonly destinations: readonly StreamDestinationIr[];
}

/** Who may connect: the first rule that matches decides, else `defaultAction`. */
export interface ClientRulesIr {
  readonly defaultAction: AuthorizationActionIr;
  readonly rules: readonly {
    readonly action: AuthorizationActionIr;
    /** The client's address must be in one of these; undefined for any address. */
    readonly clients: readonly AddressBlockIr[] | undefined;
  }[];
}

/** What policies add to connections that are passed on, or that one which should guard them cannot be enforced. */
export type StreamFeaturesIr =
  | { readonly kind: 'features'; readonly backend?: ClusterSettingsIr; readonly clients?: ClientRulesIr }
  /** Every connection is closed: never open. */
  | { readonly kind: 'refused' };

/** What is known of TLS where connections are passed on. `hostnames` are server names (SNI) as in `TlsIr.hostname`. */
export type StreamTlsIr =
  | { readonly kind: 'none' }
  /** It is terminated at the back-end. */
  | { readonly kind: 'passthrough'; readonly hostnames: readonly string[] }
  | { readonly kind: 'terminate'; readonly hostnames: readonly string[]; readonly termination: TlsIr };

/** A share of the connections. Weights are relative to their sum. */
export type StreamDestinationIr =
  | { readonly kind: 'cluster'; readonly weight: number; readonly cluster: ClusterIr }
  /** A back-end that cannot be had: its share of the connections is closed. */
  | { readonly kind: 'invalid'; readonly weight: number };

/** Where what is to be refused goes: a cluster without any endpoint. */
export const REFUSING_CLUSTER: ClusterIr = {
  name: 'sluice.refuse',
  protocol: 'tcp',
  source: { kind: 'addresses', addresses: [] },
};

/** How TLS is terminated. */
export interface TlsIr extends ClientTlsIr {
  /** The server name (SNI) that leads here: "www.example.com", "*.example.com", or "*" for any that no other chain has. */
  readonly hostname: string;
  /** Names of the certificates, in `ProxyIr.secrets`. */
  readonly certificates: readonly string[];
}

/** The chains of a socket whose requests are routed. */
export function httpChains({ chains }: Pick<ListenerIr, 'chains'>): readonly HttpChainIr[] {
  return chains.flatMap(httpChainsIn);
}

/** The same of some of its chains. */
export function httpChainsIn(chains: readonly ChainIr[]): readonly HttpChainIr[] {
  return chains.filter((chain) => chain.kind === 'http');
}

/** The chains of a socket that are passed on. */
export function streamChains({ chains }: Pick<ListenerIr, 'chains'>): readonly StreamChainIr[] {
  return chains.flatMap((piece) => piece.filter((chain) => chain.kind === 'stream'));
}

/** How a chain terminates TLS, if it does. */
export function terminationOf(chain: ChainIr): TlsIr | undefined {
  if (chain.kind === 'http') return chain.tls;
  return chain.tls.kind === 'terminate' ? chain.tls.termination : undefined;
}
