import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  AuthorizationResponseError,
  type AuthorizationServer,
  type Client,
  type ClientAuth,
  clockTolerance,
  customFetch,
  getValidatedIdTokenClaims,
  type IDToken,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  ResponseBodyError,
  type TokenEndpointResponse,
  validateApplicationLevelSignature,
  validateAuthResponse,
} from 'oauth4webapi';
import type { Fetch, Login, OidcClient } from './client.ts';
import type { Flow } from './flow.ts';
import { Unreachable } from './unreachable.ts';

/** What a provider granted. */
export interface Grant {
  readonly response: TokenEndpointResponse;
  /** Undefined when a renewal brought no ID token. */
  readonly claims: IDToken | undefined;
}

/** What a provider said, or that it said nothing that can be used. */
export type Granted =
  | { readonly kind: 'granted'; readonly grant: Grant }
  /** It refuses, or what it says must not be believed. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It cannot be asked now. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Signatures that an ID token may have: none that a client's secret makes, and never none. */
const ALGORITHMS = ['RS', 'PS', 'ES'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`));
/** By how much the clock of a provider may differ from ours. Seconds. */
const TOLERANCE = 60;
/** How long one request to a provider may take. Milliseconds. */
const TIMEOUT = 5_000;

/**
 * Exchanges the code that a browser brought back, and validates the ID token: issuer, audience, times, nonce, and its
 * signature where the keys of the provider are known (OpenID Connect Core 1.0 section 3.1.3.7).
 */
export function exchange(login: Login, parameters: URLSearchParams, state: string, flow: Flow): Promise<Granted> {
  const { client, fetch } = login;
  const server = serverOf(client);
  const relyingParty = relyingPartyOf(client);
  return granted(async () => {
    const valid = validateAuthResponse(server, relyingParty, parameters, state);
    const { redirectUri, verifier, nonce } = flow;
    const auth = clientAuth(client);
    const options = optionsOf(fetch, client);
    const answer = await authorizationCodeGrantRequest(
      server,
      relyingParty,
      auth,
      valid,
      redirectUri,
      verifier,
      options,
    );
    const response = await processAuthorizationCodeResponse(server, relyingParty, usable(answer), {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    if (server.jwks_uri !== undefined) await validateApplicationLevelSignature(server, answer, options);
    return { response, claims: getValidatedIdTokenClaims(response) };
  });
}

/** Renews a session with its refresh token (OpenID Connect Core 1.0 section 12). */
export function renew({ client, fetch }: Login, refreshToken: string, subject: string): Promise<Granted> {
  const server = serverOf(client);
  const relyingParty = relyingPartyOf(client);
  return granted(async () => {
    const auth = clientAuth(client);
    const options = optionsOf(fetch, client);
    const answer = await refreshTokenGrantRequest(server, relyingParty, auth, refreshToken, options);
    const response = await processRefreshTokenResponse(server, relyingParty, usable(answer));
    const claims = getValidatedIdTokenClaims(response);
    if (claims !== undefined && server.jwks_uri !== undefined) {
      await validateApplicationLevelSignature(server, answer, options);
    }
    if (claims !== undefined && claims.sub !== subject) throw new Error('the renewed ID token is of somebody else');
    return { response, claims };
  });
}

async function granted(ask: () => Promise<Grant>): Promise<Granted> {
  try {
    return { kind: 'granted', grant: await ask() };
  } catch (error) {
    if (error instanceof Unreachable) return { kind: 'unavailable', reason: error.message };
    // It is we who are not accepted; the user can do nothing about it.
    if (error instanceof ResponseBodyError && error.error === 'invalid_client') {
      return { kind: 'unavailable', reason: 'the provider does not accept the client: invalid_client' };
    }
    return { kind: 'refused', reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError)
    return `the provider says ${error.error}`;
  return error instanceof Error ? error.message : String(error);
}

/** An answer that says something about what was asked; a server that fails has not judged it. */
function usable(answer: Response): Response {
  if (answer.status >= 500 || answer.status === 429)
    throw new Unreachable(`the token endpoint answered ${answer.status}`);
  return answer;
}

/** The same object for the same client: its keys are remembered by it. */
const servers = new WeakMap<OidcClient, AuthorizationServer>();

function serverOf(client: OidcClient): AuthorizationServer {
  const known = servers.get(client);
  if (known !== undefined) return known;
  const { issuer, tokenEndpoint, jwksUri } = client.provider;
  const made: AuthorizationServer = {
    issuer,
    token_endpoint: tokenEndpoint,
    id_token_signing_alg_values_supported: [...ALGORITHMS, 'EdDSA', 'Ed25519'],
    ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri }),
  };
  servers.set(client, made);
  return made;
}

/**
 * HTTP Basic, both parts encoded as RFC 6749 section 2.3.1 says, but for what needs no encoding: there are providers that do
 * not decode them.
 */
function clientAuth({ clientId, clientSecret }: OidcClient): ClientAuth {
  const text = [clientId, clientSecret].map(encodeURIComponent).join(':');
  return (_server, _client, _body, headers) => {
    headers.set('authorization', `Basic ${Buffer.from(text).toString('base64')}`);
  };
}

function relyingPartyOf({ clientId }: OidcClient): Client {
  return { client_id: clientId, [clockTolerance]: TOLERANCE };
}

function optionsOf(fetch: Fetch, { provider: { via } }: OidcClient) {
  return {
    // Which URLs without TLS are accepted was decided where the manifest was read.
    [allowInsecureRequests]: true,
    [customFetch]: (url: string, { method, headers, body, signal }: CustomRequest) =>
      fetch(url, { method, headers, body: body === undefined ? undefined : String(body), signal, via }),
    signal: () => AbortSignal.timeout(TIMEOUT),
  };
}

interface CustomRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | null | undefined;
  readonly signal?: AbortSignal | undefined;
}
