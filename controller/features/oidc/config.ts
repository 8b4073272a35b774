import type { OidcIr } from '../../ir/oidc.ts';
import type { Init } from '../../xds/build/message.ts';
import { jwtProviderConfig } from '../jwt/config.ts';

/** Login as the filter reads it. */
export function oidcConfig({ client, session, passThroughTokens }: OidcIr): Init<'sluice.filter.v1.Oidc'> {
  const { callbackPath, logoutPath, forwardAccessToken, idTokenHeader } = client;
  return {
    session: jwtProviderConfig(session),
    callbackPath,
    logoutPath,
    alwaysSidecar: forwardAccessToken || idTokenHeader !== undefined,
    passThroughTokens,
    // A token that is let through may be in Authorization: it is the policy's `jwt` that judges it.
    ownedHeaders: idTokenHeader === undefined || idTokenHeader === 'authorization' ? [] : [idTokenHeader],
  };
}
