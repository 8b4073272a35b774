import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Provider } from 'oidc-provider';
import { listen } from '../listening.ts';

/** A certified OpenID provider (npm `oidc-provider`) in which everybody is who logs in first: "ada". */
export interface RealProvider {
  readonly issuer: string;
  readonly stop: () => Promise<void>;
}

/** A name that a provider has elsewhere than on loopback, and what it proves it with, in PEM. */
export interface ProviderName {
  readonly host: string;
  readonly certificate: string;
  readonly key: string;
}

/** Starts it on this port of 127.0.0.1, with one client `shop`; one with a name is there for everybody, by HTTPS. */
export async function startRealProvider(
  port: number,
  redirectUris: readonly string[],
  name?: ProviderName,
): Promise<RealProvider> {
  const issuer = name === undefined ? `http://127.0.0.1:${port}` : `https://${name.host}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'shop',
        client_secret: 'a secret/with+characters%',
        redirect_uris: [...redirectUris],
        post_logout_redirect_uris: redirectUris.map((uri) => `${new URL(uri).origin}/`),
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false,
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    issueRefreshToken: () => Promise.resolve(true),
    rotateRefreshToken: true,
    ttl: { AccessToken: 2, IdToken: 600, RefreshToken: 600, Session: 600, Grant: 600, Interaction: 600 },
    cookies: { keys: ['for tests'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, name: 'Ada', email: 'ada@example.com' }),
    }),
    loadExistingGrant: async ({ oidc }) => {
      const grant = new provider.Grant({
        clientId: oidc.client?.clientId ?? '',
        accountId: oidc.session?.accountId ?? '',
      });
      grant.addOIDCScope('openid offline_access profile email');
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url?.startsWith('/interaction/') !== true) void handle(request, response);
    else void login(provider, request, response);
  };
  const server =
    name === undefined ? createServer(serve) : createTlsServer({ cert: name.certificate, key: name.key }, serve);
  const { stop } = await listen(server, { host: name === undefined ? '127.0.0.1' : '0.0.0.0', port });
  return { issuer, stop };
}

async function login(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
}
