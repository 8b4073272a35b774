import type { OidcClient } from './client.ts';
import type { Flow } from './flow.ts';

/** The URL that a browser is sent to, to log in (OpenID Connect Core 1.0 section 3.1.2.1, RFC 7636 section 4.3). */
export function authorizationUrl(client: OidcClient, flow: Flow, state: string, challenge: string): string {
  const url = new URL(client.provider.authorizationEndpoint);
  const { searchParams } = url;
  searchParams.set('response_type', 'code');
  searchParams.set('client_id', client.clientId);
  searchParams.set('redirect_uri', flow.redirectUri);
  searchParams.set('scope', client.scopes.join(' '));
  searchParams.set('state', state);
  searchParams.set('nonce', flow.nonce);
  searchParams.set('code_challenge', challenge);
  searchParams.set('code_challenge_method', 'S256');
  for (const resource of client.resources) searchParams.append('resource', resource);
  return url.href;
}
