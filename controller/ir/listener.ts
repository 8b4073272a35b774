import type { Pieces } from './pieces.ts';
import type { VirtualHostIr } from './virtual-host.ts';

/** One socket that a proxy listens on, with what it serves there. */
export interface ListenerIr {
  /** "<namespace>/<gateway>/<listener>" of the first listener on the port: of the Envoy Listener. A contract. */
  readonly name: string;
  readonly address: string;
  /** What it carries: HTTP and TLS are on TCP. */
  readonly protocol: 'TCP' | 'UDP';
  /** The port that is bound; where a privileged port is shifted this is not the port of the manifest. */
  readonly port: number;
  /** Plaintext has one chain; TLS has one for each listener, told apart by the server name (SNI). */
  readonly chains: readonly ChainIr[];
}

/** The connections of a socket that are served alike. */
export interface ChainIr {
  /** "<namespace>/<gateway>/<listener>": of the RouteConfiguration. A contract. */
  readonly name: string;
  readonly tls: TlsIr | undefined;
  readonly virtualHosts: Pieces<VirtualHostIr>;
}

/** How TLS is terminated. */
export interface TlsIr {
  /** The server name (SNI) that leads here: "www.example.com", "*.example.com", or "*" for any that no other chain has. */
  readonly hostname: string;
  /** Names of the certificates, in `ProxyIr.secrets`. */
  readonly certificates: readonly string[];
}
