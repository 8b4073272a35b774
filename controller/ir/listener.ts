import type { VirtualHostIr } from './virtual-host.ts';

/** One socket that a proxy listens on, with what it serves there. */
export interface ListenerIr {
  /** "<namespace>/<gateway>/<listener>": of the Envoy Listener and of its RouteConfiguration. A contract. */
  readonly name: string;
  readonly address: string;
  /** The port that is bound; where a privileged port is shifted this is not the port of the manifest. */
  readonly port: number;
  readonly virtualHosts: readonly VirtualHostIr[];
}
