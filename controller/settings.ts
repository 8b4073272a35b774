import type { EnvoyProxy, EnvoyProxySpec } from '#controller/api/gen/types.d.ts';
import type { JwtKeyIr } from './ir/jwt.ts';
import type { ImageReference } from './oci/reference.ts';

/** What the operator of the controller decides, resolved and defaulted. */
export interface Settings {
  /** `spec.controllerName` of the GatewayClasses that are ours. */
  readonly controllerName: string;
  /** The `policy` module that proxies run unless their Gateway pins another. */
  readonly policyDigest: string;
  /** The image to take it from instead. */
  readonly policyImage: ImageReference | undefined;
  /** Address that listeners bind when their Gateway states none. */
  readonly bindAddress: string;
  /** Whether listeners bind the addresses that Gateways ask for; in a pod nothing has them: its Service has. */
  readonly bindsRequested: boolean;
  /** Whether Backends may be referred to. */
  readonly backends: boolean;
  /** Whether EnvoyPatchPolicies are applied. */
  readonly envoyPatchPolicy: boolean;
  /** Paths of Unix sockets as manifests name them, and where they really are on this machine. */
  readonly unixPaths: ReadonlyMap<string, string>;
  /** The keys that sessions of logins are verified by; none where nobody makes sessions. */
  readonly sessionKeys: readonly JwtKeyIr[];
  /** How all proxies run where their class and Gateway say nothing, or are merged into it; `undefined` where nobody says. */
  readonly envoyProxy: EnvoyProxy | undefined;
  /** How many workers the Envoys have whose EnvoyProxy is this, at most. */
  readonly workers: (parameters: EnvoyProxySpec | undefined) => number;
  /** The file of the authorities that a proxy trusts where a manifest says `System`, as the proxy sees it. */
  readonly systemTrust: string;
  /** Whether Backends may be on loopback: where a proxy runs on the machine that manifests are about, and not in a pod. */
  readonly loopbackBackends: boolean;
  /** Folders, as a proxy sees them, with sockets of ours: of the sidecar, its agent, the controller. No Backend may be there. */
  readonly ownFolders: readonly string[];
  /** Where proxies run. */
  readonly proxies: ProxyPlace;
  /** Whether requests are refused that global rate limits cannot count. */
  readonly rateLimitsFailClosed: boolean;
  /** How long a request waits to be counted by a global rate limit, where the operator says it. Milliseconds. */
  readonly rateLimitTimeout: number | undefined;
}

/** Pods of a cluster, or processes of this machine. */
export type ProxyPlace = 'pods' | 'processes';

/** The name that Envoy Gateway's manifests use; a drop-in answers to it. */
export const CONTROLLER_NAME = 'gateway.envoyproxy.io/gatewayclass-controller';

/** Where Envoy Gateway is installed unless told otherwise; from files, where the Secrets of its configuration are. */
export const DEFAULT_NAMESPACE = 'envoy-gateway-system';

/**
 * Annotation of a Gateway that pins the `policy` module of its proxy to one digest ("sha256:..."), to try a new build on
 * one Gateway or to stay on an old one.
 */
export const POLICY_DIGEST_ANNOTATION = 'sluice.dev/policy-digest';

/** Where Debian, and Envoy's images, have the authorities that they trust. */
export const SYSTEM_TRUST_FILE = '/etc/ssl/certs/ca-certificates.crt';
