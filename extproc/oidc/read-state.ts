import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { Logger } from 'pino';
import type { MessageTypes } from '#proto/load.ts';
import type { FetchVia } from '../outbound/guarded-connector.ts';
import type { Fetch, Login, LoginKeys, OidcClient } from './client.ts';
import { headerTest } from './header-test.ts';

/** What the controller sends. */
export type SidecarState = MessageTypes['sluice.agent.v1.SidecarState'];
type ClientMessage = MessageTypes['sluice.agent.v1.OidcClient'];

/**
 * Reads the clients of a state and what they work with. One that cannot be read is left out, and logged: requests of its
 * routes are refused. A client that is as it was `before` is the same object.
 */
export function readLogins(
  { loginKeys, oidcClients }: SidecarState,
  fetch: Fetch,
  before: ReadonlyMap<string, Login>,
  log: Logger,
): readonly Login[] {
  const keys = readKeys(loginKeys);
  return oidcClients.flatMap((message) => {
    const known = before.get(message.id)?.client;
    // The name stands for everything but the secret.
    if (known !== undefined && known.clientSecret === message.clientSecret) return [{ client: known, keys, fetch }];
    try {
      return [{ client: readClient(message), keys, fetch }];
    } catch (error) {
      log.error({ policy: message.id, err: error }, 'a client cannot be read');
      return [];
    }
  });
}

function readKeys(message: SidecarState['loginKeys']): LoginKeys {
  return {
    session: (message?.session ?? []).map(({ kid, pkcs8 }) => {
      const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
      return { kid, privateKey, publicKey: createPublicKey(privateKey) };
    }),
    sealing: message?.sealing ?? [],
  };
}

function readClient(message: ClientMessage): OidcClient {
  const { provider, cookies, session, forwarding } = message;
  if (provider === undefined || cookies === undefined || session === undefined) {
    throw new Error('it has no provider, no cookies or no session');
  }
  return {
    id: message.id,
    provider: {
      issuer: provider.issuer,
      authorizationEndpoint: provider.authorizationEndpoint,
      tokenEndpoint: provider.tokenEndpoint,
      endSessionEndpoint: some(provider.endSessionEndpoint),
      jwksUri: some(provider.jwksUri),
      via: provider.via === undefined ? undefined : readVia(provider.via),
    },
    clientId: message.clientId,
    clientSecret: message.clientSecret,
    scopes: message.scopes,
    resources: message.resources,
    redirectUrl: message.redirectUrl,
    callbackPath: message.callbackPath,
    logoutPath: message.logoutPath,
    cookies: {
      session: cookies.session,
      tokens: cookies.tokens,
      flow: cookies.flow,
      domain: cookies.domain,
      sameSite: cookies.sameSite,
      plainAccessToken: some(cookies.plainAccessToken),
      plainIdToken: some(cookies.plainIdToken),
    },
    session: {
      audience: session.audience,
      seal: session.seal,
      claims: session.claims.map(({ claim }) => claim),
      defaultTtl: session.defaultTtl,
      refresh: session.refresh,
      defaultRefreshTtl: session.defaultRefreshTtl,
    },
    forwardsAccessToken: forwarding?.accessToken === true,
    idTokenHeader: some(forwarding?.idTokenHeader ?? ''),
    denyRedirect: message.denyRedirect.map(({ name, match }) => headerTest(name, match)),
    flowTtl: message.flowTtl,
  };
}

function readVia({ endpoints, authorities, serverName }: MessageTypes['sluice.agent.v1.ProviderVia']): FetchVia {
  return { endpoints, authorities: some(authorities), serverName: some(serverName) };
}

function some(text: string): string | undefined {
  return text === '' ? undefined : text;
}
