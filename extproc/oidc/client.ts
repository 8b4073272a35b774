import type { KeyObject } from 'node:crypto';
import type { FetchVia } from '../outbound/guarded-connector.ts';
import type { HeaderTest } from './header-test.ts';

/** How users of one policy log in; what an `sluice.agent.v1.OidcClient` says. Times are in seconds. */
export interface OidcClient {
  /** What routes call it. */
  readonly id: string;
  readonly provider: Provider;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** May contain %REQ(name)%. */
  readonly redirectUrl: string;
  readonly callbackPath: string;
  readonly logoutPath: string;
  readonly cookies: CookieNames;
  readonly session: SessionRules;
  /** Whether the access token goes to the back-end. */
  readonly forwardsAccessToken: boolean;
  /** The header that takes the ID token. */
  readonly idTokenHeader: string | undefined;
  /** Requests that are refused rather than sent to log in. */
  readonly denyRedirect: readonly HeaderTest[];
  readonly flowTtl: number;
}

/** An OpenID provider; what is not known of it is undefined. */
export interface Provider {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly endSessionEndpoint: string | undefined;
  readonly jwksUri: string | undefined;
  /** Where it is asked instead of at the hosts of these URLs. */
  readonly via: FetchVia | undefined;
}

/** The names of a policy's cookies, and what all of them have. */
export interface CookieNames {
  readonly session: string;
  /** A chunk's number follows. */
  readonly tokens: string;
  /** The number of a login follows. */
  readonly flow: string;
  /** Empty: of the host alone. */
  readonly domain: string;
  /** Empty: not said. */
  readonly sameSite: string;
  /** Where tokens are put as they are. */
  readonly plainAccessToken: string | undefined;
  readonly plainIdToken: string | undefined;
}

/** What sessions of a policy are like. */
export interface SessionRules {
  readonly audience: string;
  /** What sealed texts are bound to. */
  readonly seal: string;
  readonly claims: readonly (readonly string[])[];
  /** 0: as long as the ID token. */
  readonly defaultTtl: number;
  readonly refresh: boolean;
  readonly defaultRefreshTtl: number;
}

/** What is sent to an OpenID provider. */
export interface FetchRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly via: FetchVia | undefined;
}

/** Fetches as `fetch` does, from where manifests may lead; rejects when there is no answer. */
export type Fetch = (url: string, request: FetchRequest) => Promise<Response>;

/** What sessions are made with. */
export interface LoginKeys {
  /** The first signs; all verify. */
  readonly session: readonly SessionKey[];
  /** Of 32 bytes. The first seals; all open. */
  readonly sealing: readonly Uint8Array[];
}

/** A key pair on P-256. */
export interface SessionKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** What a flow works with: the client, what it seals and signs with, and how it reaches its provider. */
export interface Login {
  readonly client: OidcClient;
  readonly keys: LoginKeys;
  readonly fetch: Fetch;
}
