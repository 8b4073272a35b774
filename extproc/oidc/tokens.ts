import { randomBytes } from 'node:crypto';
import { claimsOf, pickClaims } from './claims.ts';
import type { Login } from './client.ts';
import type { Grant } from './provider.ts';
import { open, seal } from './sealing.ts';
import { type Session, signSession } from './session.ts';

/** What a provider gave for one user. Times are in seconds since the epoch. */
export interface Tokens {
  readonly sessionId: string;
  readonly subject: string;
  readonly accessToken: string;
  /** When the access token ends, and the session with it. */
  readonly accessExpires: number;
  readonly idToken: string;
  readonly refreshToken: string | undefined;
  /** What the access token is good for (RFC 6749 section 3.3). */
  readonly scope: string;
  /** When the whole is of no more use. */
  readonly expires: number;
}

/** A session is good for no longer, whatever a provider says. Seconds. */
const LONGEST = 400 * 24 * 3600;

/**
 * The tokens of a grant; `before` are those that it renews. Undefined when nobody says how long they are good: neither
 * `expires_in`, nor the policy, nor an ID token.
 */
export function tokensOf({ client }: Login, grant: Grant, before: Tokens | undefined, now: number): Tokens | undefined {
  const { response, claims } = grant;
  const rules = client.session;
  const subject = claims?.sub ?? before?.subject;
  const idToken = response.id_token ?? before?.idToken;
  const idTokenTtl = claims === undefined ? undefined : claims.exp - now;
  const ttl = response.expires_in ?? (rules.defaultTtl > 0 ? rules.defaultTtl : idTokenTtl);
  if (subject === undefined || idToken === undefined || ttl === undefined || ttl <= 0) return undefined;
  const accessExpires = now + Math.min(Math.floor(ttl), LONGEST);
  const refreshToken = rules.refresh ? (response.refresh_token ?? before?.refreshToken) : undefined;
  const isOld = response.refresh_token === undefined && before !== undefined;
  const refreshExpires = isOld
    ? before.expires
    : now + refreshTtl(response.refresh_token, rules.defaultRefreshTtl, now);
  return {
    sessionId: before?.sessionId ?? randomBytes(16).toString('base64url'),
    subject,
    accessToken: response.access_token,
    accessExpires,
    idToken,
    refreshToken,
    // Where nobody says, it is what was asked for (RFC 6749 section 5.1).
    scope: response.scope ?? before?.scope ?? client.scopes.join(' '),
    expires: refreshToken === undefined ? accessExpires : Math.max(accessExpires, refreshExpires),
  };
}

/** A refresh token may be a JWT, and then says it itself. */
function refreshTtl(refreshToken: string | undefined, defaultTtl: number, now: number): number {
  const exp = refreshToken === undefined ? undefined : claimsOf(refreshToken)?.['exp'];
  const ttl = typeof exp === 'number' && Number.isFinite(exp) ? Math.floor(exp) - now : defaultTtl;
  return Math.min(Math.max(ttl, 1), LONGEST);
}

/** Makes the session of these tokens. */
export function sessionOf(login: Login, tokens: Tokens, now: number): string {
  const { sessionId, subject, accessExpires, idToken, scope } = tokens;
  const session: Session = { id: sessionId, subject, expires: accessExpires };
  const claims = { scope, ...claimsOf(idToken) };
  return signSession(login, session, pickClaims(claims, login.client.session.claims), now);
}

/** Seals tokens for a policy: no other can open them. */
export function sealTokens({ client, keys }: Login, tokens: Tokens): string {
  return seal(JSON.stringify(tokens), purposeOf(client.session.seal), keys.sealing, true);
}

/** Opens tokens of this policy that are of use still; `undefined` for everything else. */
export function openTokens({ client, keys }: Login, sealed: string, now: number): Tokens | undefined {
  const text = open(sealed, purposeOf(client.session.seal), keys.sealing);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return isTokens(value) && value.expires > now ? value : undefined;
}

function purposeOf(sealName: string): string {
  return `tokens\0${sealName}`;
}

/** What was sealed by another version may be of another shape. */
function isTokens(value: unknown): value is Tokens {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return (
    ['sessionId', 'subject', 'accessToken', 'idToken', 'scope'].every((name) => typeof fields[name] === 'string') &&
    ['accessExpires', 'expires'].every((name) => typeof fields[name] === 'number') &&
    (fields['refreshToken'] === undefined || typeof fields['refreshToken'] === 'string')
  );
}
