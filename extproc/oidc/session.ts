import { sign, verify } from 'node:crypto';
import { type Claims, parseClaims } from './claims.ts';
import type { Login, LoginKeys, SessionKey } from './client.ts';

/** `iss` of every session. The `policy` filter expects it. */
const ISSUER = 'sluice';
/** The claim that names a session; its sealed tokens have the same. */
const SESSION_ID = 'sluice_sid';

/** Who has logged in, for how long. Times are in seconds since the epoch. */
export interface Session {
  readonly id: string;
  readonly subject: string;
  readonly expires: number;
}

/** A session as a cookie has it. */
export interface ShownSession extends Session {
  readonly token: string;
}

/**
 * Makes the session that the filter checks: a JWT (RFC 7519) by ES256 with the claims that the policy asks for, good for
 * this policy alone.
 */
export function signSession({ client, keys }: Login, session: Session, claims: Claims, now: number): string {
  const [key] = keys.session;
  if (key === undefined) throw new Error('there is no key to sign sessions with');
  const payload = {
    ...claims,
    iss: ISSUER,
    aud: client.session.audience,
    sub: session.subject,
    iat: now,
    exp: session.expires,
    [SESSION_ID]: session.id,
  };
  const text = `${encode({ alg: 'ES256', kid: key.kid })}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** Reads a session of this policy that has not ended; `undefined` for everything else. */
export function readSession({ client, keys }: Login, token: string, now: number): ShownSession | undefined {
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  if (more.length > 0) return undefined;
  const key = keyOf(keys, parseClaims(header));
  if (key === undefined || !isSignedBy(key, `${header}.${payload}`, signature)) return undefined;
  const { iss, aud, sub, exp, [SESSION_ID]: id } = parseClaims(payload) ?? {};
  if (iss !== ISSUER || aud !== client.session.audience) return undefined;
  if (typeof sub !== 'string' || typeof id !== 'string' || typeof exp !== 'number') return undefined;
  return exp > now ? { id, subject: sub, expires: exp, token } : undefined;
}

function keyOf(keys: LoginKeys, header: Claims | undefined): SessionKey | undefined {
  return header?.['alg'] === 'ES256' ? keys.session.find(({ kid }) => kid === header['kid']) : undefined;
}

function isSignedBy({ publicKey }: SessionKey, text: string, signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.length !== 64) return false;
  return verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
