import { bootstrapBase, unixCluster, XDS_ALIVE } from '../bootstrap/base.ts';

/** Where things of one proxy are on this machine. All paths are absolute. */
export interface ProxyPaths {
  readonly folder: string;
  readonly xdsSocket: string;
  readonly sidecarSocket: string;
  readonly modules: string;
  readonly bootstrap: string;
  /** Envoy writes the address of its admin interface here. */
  readonly adminAddress: string;
}

/** The bootstrap of an Envoy that takes everything else over delta ADS from the socket of its proxy. */
export function bootstrap(key: string, { xdsSocket, sidecarSocket }: ProxyPaths): object {
  return bootstrapBase({
    key,
    // The kernel picks one, so that proxies never meet.
    adminPort: 0,
    xdsCluster: unixCluster('sluice.xds', xdsSocket, XDS_ALIVE),
    sidecarSocket,
    initialFetchTimeout: '15s',
  });
}
