import type { OIDC } from '#controller/api/gen/types.d.ts';
import type { JwtIr, JwtKeyIr, JwtProviderIr, TokenSourceIr } from '../../ir/jwt.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { type SessionNames, sessionProvider } from './session.ts';

/** What of a policy's `jwt` is about sessions. */
export interface SessionTokens {
  /** Names of the providers that take the ID token of a login. */
  readonly providers: readonly string[];
  /** The claims that they put into headers. */
  readonly headerClaims: readonly (readonly string[])[];
  /** The `jwt` in which they take sessions. */
  readonly withSessions: (names: SessionNames, keys: readonly JwtKeyIr[]) => JwtIr | undefined;
}

/**
 * Finds the providers of `jwt` that take the ID token from the cookie of a login (`cookieNames.idToken`). Where tokens are
 * sealed they are given the session in its stead: the sidecar has validated the ID token, of the same issuer and audience,
 * and the session has its claims. So no key of the provider is needed.
 */
export function sessionTokens(
  { provider, cookieNames, disableTokenEncryption }: OIDC,
  clientId: string,
  jwt: JwtIr | undefined,
): Outcome<SessionTokens, 'Invalid'> {
  const cookie = disableTokenEncryption === true ? undefined : cookieNames?.idToken;
  const sealed = disableTokenEncryption === true ? undefined : cookieNames?.accessToken;
  const takers: JwtProviderIr[] = [];
  for (const [index, candidate] of (jwt?.providers ?? []).entries()) {
    const at = `jwt.providers[${index}]`;
    if (candidate.sources.some((source) => isCookie(source, sealed))) {
      const cure = 'oidc.forwardAccessToken puts it into Authorization, oidc.disableTokenEncryption into that cookie';
      return refusal(
        'Invalid',
        `${at}.extractFrom.cookies: found ${sealed}, in which the access token is sealed; ${cure}`,
      );
    }
    if (!candidate.sources.some((source) => isCookie(source, cookie))) continue;
    const wrong = mismatch(candidate, provider.issuer, clientId);
    if (wrong !== undefined) return refusal('Invalid', `${at}.${wrong} of the ID token in cookie ${cookie}`);
    takers.push(candidate);
  }
  return success({
    providers: takers.map(({ name }) => name),
    headerClaims: takers.flatMap(({ claimToHeaders }) => claimToHeaders.map(({ claim }) => claim)),
    withSessions: (names, keys) => {
      if (jwt === undefined || takers.length === 0) return jwt;
      return { ...jwt, providers: jwt.providers.flatMap((one) => (takers.includes(one) ? taking(one) : [one])) };

      function taking(taker: JwtProviderIr): readonly JwtProviderIr[] {
        const sources = taker.sources.filter((source) => !isCookie(source, cookie));
        const session = { ...sessionProvider(names, keys, taker.name), claimToHeaders: taker.claimToHeaders };
        return sources.length === 0 ? [session] : [session, { ...taker, sources }];
      }
    },
  });
}

function isCookie(source: TokenSourceIr, name: string | undefined): boolean {
  return source.kind === 'cookie' && name !== undefined && source.name === name;
}

function mismatch({ issuer, audiences }: JwtProviderIr, of: string, clientId: string): string | undefined {
  if (issuer !== undefined && issuer !== of) return `issuer: found ${issuer}, accepted is ${of}, the issuer`;
  if (audiences.length === 0 || audiences.includes(clientId)) return undefined;
  return `audiences: found ${audiences.join(', ')}, accepted are ones with ${clientId}, the audience`;
}
