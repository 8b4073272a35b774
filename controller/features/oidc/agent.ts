import type { HeaderTestIr, OidcClientIr, ProviderViaIr } from '../../ir/oidc.ts';
import type { Init } from '../../xds/build/message.ts';
import { automatonConfig } from '../match/config.ts';

/** A client as the sidecar reads it. */
export function oidcClientMessage(ir: OidcClientIr): Init<'sluice.agent.v1.OidcClient'> {
  const { provider, cookies, session } = ir;
  return {
    id: ir.id,
    provider: {
      issuer: provider.issuer,
      authorizationEndpoint: provider.authorizationEndpoint,
      tokenEndpoint: provider.tokenEndpoint,
      endSessionEndpoint: provider.endSessionEndpoint ?? '',
      jwksUri: provider.jwksUri ?? '',
      ...(provider.via === undefined ? {} : { via: via(provider.via) }),
    },
    clientId: ir.clientId,
    clientSecret: ir.clientSecret,
    scopes: [...ir.scopes],
    resources: [...ir.resources],
    redirectUrl: ir.redirectUrl,
    callbackPath: ir.callbackPath,
    logoutPath: ir.logoutPath,
    cookies: {
      session: cookies.session,
      tokens: cookies.tokens,
      flow: cookies.flow,
      domain: cookies.domain ?? '',
      sameSite: cookies.sameSite ?? '',
      plainAccessToken: cookies.plainAccessToken ?? '',
      plainIdToken: cookies.plainIdToken ?? '',
    },
    session: {
      audience: session.audience,
      seal: session.seal,
      claims: session.claims.map((claim) => ({ claim: [...claim] })),
      defaultTtl: session.defaultTtl,
      refresh: session.refresh,
      defaultRefreshTtl: session.defaultRefreshTtl,
    },
    forwarding: { accessToken: ir.forwardAccessToken, idTokenHeader: ir.idTokenHeader ?? '' },
    denyRedirect: ir.denyRedirect.map(headerMatch),
    flowTtl: ir.flowTtl,
  };
}

function via({ endpoints, authorities, serverName }: ProviderViaIr): Init<'sluice.agent.v1.ProviderVia'> {
  const to = endpoints.map(({ host, port }) => ({ host, port }));
  return { endpoints: to, authorities: authorities ?? '', serverName: serverName ?? '' };
}

function headerMatch({ name, match }: HeaderTestIr): Init<'sluice.agent.v1.HeaderMatch'> {
  switch (match.kind) {
    case 'exact':
    case 'prefix':
    case 'suffix':
      return { name, match: { case: match.kind, value: match.value } };
    case 'regex':
      return { name, match: { case: 'regex', value: automatonConfig(match.automaton) } };
    default:
      return match satisfies never;
  }
}
