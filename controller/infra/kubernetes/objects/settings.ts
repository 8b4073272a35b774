/** What is the same for the proxies of one installation. */
export interface KubernetesSettings {
  /** `spec.controllerName` of the GatewayClasses that are ours. */
  readonly controllerName: string;
  /** Namespace of the controller. */
  readonly namespace: string;
  /** Where proxies run: beside the controller, or beside their Gateways (EnvoyGateway `provider.kubernetes.deploy.type`). */
  readonly deploy: 'ControllerNamespace' | 'GatewayNamespace';
  /** Where proxies find the controller: a name that its serving certificate is good for. */
  readonly xds: { readonly host: string; readonly port: number };
  /** Image whose entry point is `extproc/main.ts`. */
  readonly sidecarImage: string;
  /** Image of Envoy where an EnvoyProxy names none. */
  readonly envoyImage: string;
  /** Secrets of the namespace of a proxy by which images are pulled. */
  readonly imagePullSecrets: readonly string[];
  /** Who may ask a proxy to drain knows what is made of this; secret. */
  readonly drainKey: Uint8Array;
}

/** Image of Envoy where neither an installation nor an EnvoyProxy names one. */
export const ENVOY_IMAGE = 'docker.io/envoyproxy/envoy:distroless-v1.40.0';

/** User and group of both containers: their sockets and files are shared. */
export const PROXY_USER = 65_532;

/** Ports of a proxy's pod, those of Envoy Gateway. */
export const POD_PORTS = { admin: 19_000, metrics: 19_001, sidecar: 19_002, readiness: 19_003 } as const;

/**
 * Which pod it is, as both its halves say it to the controller; the kubelet fills it in. The name is for people: one that comes
 * after it may have the same, but not the uid.
 */
export const POD_IDENTITY = '$(SLUICE_POD_NAME)/$(SLUICE_POD_UID)';

/** Where things are in the containers of a proxy. */
export const POD_PATHS = {
  run: '/var/run/sluice',
  sidecarSocket: '/var/run/sluice/sidecar.sock',
  modules: '/var/run/sluice/modules',
  /** The socket of users' processors is made here. */
  processors: '/var/run/ext-proc',
  certificates: '/certs',
  sds: '/sds',
} as const;
