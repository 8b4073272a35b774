import type { JwtProviderIr } from './jwt.ts';
import type { AutomatonIr } from './match.ts';

/** Login with an OpenID provider on one route (OpenID Connect Core 1.0). */
export interface OidcIr {
  readonly client: OidcClientIr;
  /** How the filter tells a good session. */
  readonly session: JwtProviderIr;
  /** Whether a request that brings a token for `jwt` needs no session. */
  readonly passThroughTokens: boolean;
}

/** How users of one policy log in; for the sidecar. Times are in seconds. */
export interface OidcClientIr {
  /** "<namespace>/<name>/<digest>" over all of it but the secret. */
  readonly id: string;
  readonly provider: OidcProviderIr;
  readonly clientId: string;
  /** Never shown. */
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** May contain %REQ(name)%. */
  readonly redirectUrl: string;
  readonly callbackPath: string;
  readonly logoutPath: string;
  readonly cookies: OidcCookiesIr;
  readonly session: OidcSessionIr;
  readonly forwardAccessToken: boolean;
  /** Lower case. */
  readonly idTokenHeader: string | undefined;
  readonly denyRedirect: readonly HeaderTestIr[];
  readonly flowTtl: number;
}

/** An OpenID provider. */
export interface OidcProviderIr {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly endSessionEndpoint: string | undefined;
  /** Undefined where the policy states the endpoints: then nobody says where the keys are. */
  readonly jwksUri: string | undefined;
  /** Where it is asked instead of at the hosts of these URLs. */
  readonly via: ProviderViaIr | undefined;
}

/** Endpoints that stand for a provider, and who is expected there. */
export interface ProviderViaIr {
  readonly name: string;
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  /** PEM. */
  readonly authorities?: string | undefined;
  readonly serverName?: string | undefined;
}

/** The names of cookies, and what all of them have. */
export interface OidcCookiesIr {
  readonly session: string;
  readonly tokens: string;
  readonly flow: string;
  readonly domain: string | undefined;
  readonly sameSite: 'Lax' | 'Strict' | 'None' | undefined;
  readonly plainAccessToken: string | undefined;
  readonly plainIdToken: string | undefined;
}

/** What sessions are like. */
export interface OidcSessionIr {
  readonly audience: string;
  readonly seal: string;
  readonly claims: readonly (readonly string[])[];
  readonly defaultTtl: number;
  readonly refresh: boolean;
  readonly defaultRefreshTtl: number;
}

/** What a header has to be like. */
export interface HeaderTestIr {
  /** Lower case. */
  readonly name: string;
  readonly match:
    | { readonly kind: 'exact' | 'prefix' | 'suffix'; readonly value: string }
    | { readonly kind: 'regex'; readonly automaton: AutomatonIr };
}
