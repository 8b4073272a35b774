import type { AuthorizationIr } from './authorization.ts';
import type { ClusterIr } from './cluster.ts';
import type { ClusterSettingsIr } from './cluster-settings.ts';
import type { CorsIr } from './cors.ts';
import type { CsrfIr } from './csrf.ts';
import type { CredentialIr } from './credential.ts';
import type { ApiKeyAuthIr, BasicAuthIr } from './credentials.ts';
import type { ExternalAuthIr } from './external-auth.ts';
import type { ExtProcIr } from './ext-proc.ts';
import type { HeaderRewriteIr } from './header-rewrite.ts';
import type { JwtIr } from './jwt.ts';
import type { OidcIr } from './oidc.ts';
import type { RateLimitIr } from './rate-limit.ts';
import type { SessionIr } from './session.ts';
import type {
  BandwidthIr,
  CompressorIr,
  FaultIr,
  HashIr,
  ResponseOverrideIr,
  RetryIr,
  RouteTimeoutsIr,
  UpgradeIr,
} from './traffic.ts';
import type { WasmFilterIr } from './wasm-filter.ts';

/** One route: the first of a virtual host that matches a request serves it. */
export interface RouteIr {
  /** "httproute/<namespace>/<name>/rule/<i>/match/<j>/<hostname>", for the preflight of it "/preflight" after that; every route has one. */
  readonly name: string;
  readonly match: RouteMatchIr;
  readonly action: RouteActionIr;
  readonly requestHeaders: HeaderChangesIr;
  readonly responseHeaders: HeaderChangesIr;
  readonly features: RouteFeaturesIr;
}

/** What a request must look like. */
export interface RouteMatchIr {
  readonly path: PathMatchIr;
  readonly method: string | undefined;
  readonly headers: readonly HeaderMatchIr[];
  readonly query: readonly ValueMatchIr[];
  readonly cookies?: readonly ValueMatchIr[];
  /** Of a match of gRPC calls: how many characters of service and method are written, for precedence. */
  readonly call?: { readonly service: number; readonly method: number };
}

/** A prefix matches whole path elements: "/a" matches "/a" and "/a/b", not "/ab". */
export type PathMatchIr =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly value: string };

/** A header, a query parameter or a cookie. A regular expression (RE2) must match the whole value. */
export type ValueMatchIr =
  | { readonly kind: 'exact'; readonly name: string; readonly value: string }
  | { readonly kind: 'regex'; readonly name: string; readonly value: string };

/** A header; with `except` one that is not there, or has a value that the regular expression does not match as a whole. */
export type HeaderMatchIr = ValueMatchIr | { readonly kind: 'except'; readonly name: string; readonly value: string };

/** What happens to a request that matches. */
export type RouteActionIr =
  | {
      readonly kind: 'forward';
      readonly destinations: readonly DestinationIr[];
      readonly rewrite: RewriteIr;
      readonly mirrors?: readonly MirrorIr[];
      /** What answers for back-ends that cannot be had; 500 unless said otherwise. */
      readonly invalidStatus?: number;
    }
  | { readonly kind: 'redirect'; readonly redirect: RedirectIr }
  /** Answers by itself. */
  | { readonly kind: 'respond'; readonly status: number; readonly body?: Uint8Array };

/** Where copies of requests go, whose answers nobody waits for. */
export interface MirrorIr {
  readonly cluster: ClusterIr;
  /** How many of a million requests are copied. */
  readonly millionths: number;
}

/** A share of the requests. Weights are relative to their sum. */
export type DestinationIr =
  | {
      readonly kind: 'cluster';
      readonly weight: number;
      readonly cluster: ClusterIr;
      readonly requestHeaders: HeaderChangesIr;
      readonly responseHeaders: HeaderChangesIr;
      /** The host that requests are sent for, instead of the one of the route. */
      readonly hostname?: string | undefined;
      readonly cors?: CorsIr | undefined;
      readonly credential?: CredentialIr | undefined;
    }
  /** A back-end that cannot be had: its share of the requests is answered with an error. */
  | { readonly kind: 'invalid'; readonly weight: number };

/** Changes of the request on its way to the back-end. */
export interface RewriteIr {
  readonly host: HostChangeIr | undefined;
  readonly path: PathChangeIr | SubstitutionIr | undefined;
  /** Whether the host that the client asked for is told in `x-forwarded-host`. */
  readonly tellsHost?: boolean;
}

/** A new host. */
export type HostChangeIr =
  | { readonly kind: 'name'; readonly value: string }
  /** That of a header of the request, if there is one. */
  | { readonly kind: 'header'; readonly name: string }
  /** The name of the endpoint, where it has one. */
  | { readonly kind: 'endpoint' }
  /** Made of the path. */
  | { readonly kind: 'path'; readonly pattern: string; readonly substitution: string };

/** A new path: of the whole, or of the prefix that matched. */
export type PathChangeIr =
  | { readonly kind: 'full'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string };

/** What matches a regular expression (RE2) is replaced; `\1` in the substitution is the first group. */
export interface SubstitutionIr {
  readonly kind: 'regex';
  readonly pattern: string;
  readonly substitution: string;
}

/** Where a redirect leads; what is undefined stays as in the request. */
export interface RedirectIr {
  readonly scheme: 'http' | 'https' | undefined;
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly path: PathChangeIr | undefined;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** Header changes in the order Gateway API gives them: set, add, remove. Names are lower case. */
export interface HeaderChangesIr {
  readonly set: readonly HeaderIr[];
  readonly add: readonly HeaderIr[];
  readonly remove: readonly string[];
}

/** A header's name and value. */
export interface HeaderIr {
  readonly name: string;
  readonly value: string;
}

/** No header changes. */
export const NO_HEADER_CHANGES: HeaderChangesIr = { set: [], add: [], remove: [] };

/** What policies add to a route. */
export interface RouteFeaturesIr {
  /** "<Kind>/<namespace>/<name>" of the policy that jwt, oidc and authorization come from; for logs. */
  readonly source?: string;
  readonly jwt?: JwtIr;
  readonly authorization?: AuthorizationIr;
  readonly oidc?: OidcIr;
  readonly rateLimit?: RateLimitIr;
  readonly headerRewrite?: HeaderRewriteIr;
  readonly cors?: CorsIr;
  readonly csrf?: CsrfIr;
  /** How its back-ends are talked to; in force in the clusters that the route names. */
  readonly backend?: ClusterSettingsIr;
  readonly hashes?: readonly HashIr[];
  readonly timeouts?: RouteTimeoutsIr;
  readonly retry?: RetryIr;
  /** How requests of one client stay with one endpoint. */
  readonly session?: SessionIr;
  /** Who is asked whether a request may pass. */
  readonly externalAuth?: ExternalAuthIr;
  /** The same, as a policy says it. */
  readonly extAuth?: ExternalAuthIr;
  readonly basicAuth?: BasicAuthIr;
  readonly apiKeyAuth?: ApiKeyAuthIr;
  /** What is put into requests so that the back-end takes them. */
  readonly credential?: CredentialIr;
  /** Whether calls may come as gRPC-Web. */
  readonly grpcWeb?: true;
  readonly fault?: FaultIr;
  /** Most bytes of a request that is kept until it is whole. */
  readonly requestBuffer?: number;
  readonly compressors?: readonly CompressorIr[];
  readonly responseOverrides?: readonly ResponseOverrideIr[];
  readonly bandwidth?: BandwidthIr;
  /** Instead of WebSocket, which every route allows. */
  readonly upgrades?: readonly UpgradeIr[];
  /** What statistics of the route are called. */
  readonly statName?: string;
  readonly extProc?: readonly ExtProcIr[];
  /** Users' Wasm filters, in order; they come after the processors. */
  readonly wasm?: readonly WasmFilterIr[];
  /** Where all that the `policy` module decides here comes from, when that is not the route: it is not sent with it then. */
  readonly shared?: SharedPolicyIr;
}

/** What the `policy` module decides for all routes of a Gateway or listener that have no policy of their own. */
export interface SharedPolicyIr {
  /** The Gateways and listeners that its parts target; stays the same when their policies change. */
  readonly place: string;
  readonly features: RouteFeaturesIr;
}

/** The servers that are asked whether requests of a route may pass: that of the policy does not make way for the rule's. */
export function serversAsked({ extAuth, externalAuth }: RouteFeaturesIr): readonly ExternalAuthIr[] {
  return [extAuth, externalAuth].flatMap((one) => one ?? []);
}

/** What policies add to a rule, or that a policy which should guard it cannot be enforced. */
export type RuleFeaturesIr =
  | { readonly kind: 'features'; readonly features: RouteFeaturesIr }
  /** Every request is answered with 500: never open. */
  | { readonly kind: 'refused' };
