import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** Claims of a user, by name. */
export type UserClaims = { readonly [claim: string]: unknown };

/** What a browser was given a code for. */
export interface CodeGrant {
  readonly user: string;
  readonly redirectUri: string;
  readonly nonce: string | undefined;
  /** PKCE, S256 (RFC 7636 section 4.2). */
  readonly challenge: string;
}

/** What tests make of what is given out. */
export interface Alterations {
  readonly idToken?: (claims: UserClaims) => UserClaims;
  readonly response?: (body: { readonly [field: string]: unknown }) => object;
  /** The query that the browser is sent back with. */
  readonly callback?: (query: URLSearchParams) => URLSearchParams;
}

/** What tokens are made with. */
export interface TokenOptions {
  readonly clientId: string;
  readonly users: { readonly [user: string]: UserClaims };
  /** How long access tokens are good. Seconds. */
  readonly ttl: number;
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KID = 'demo';

/** The keys that ID tokens are verified by (RFC 7517). */
export const KEY_SET = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256', use: 'sig' }] };

/** Codes, refresh tokens and what is given for them. Codes and refresh tokens are good once. */
export class TokenDesk {
  readonly #options: TokenOptions;
  readonly #codes = new Map<string, CodeGrant>();
  readonly #refreshTokens = new Map<string, string>();
  issuer = '';
  alterations: Alterations = {};

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  /** Gives a code for a login. */
  code(grant: CodeGrant): string {
    const code = randomBytes(16).toString('base64url');
    this.#codes.set(code, grant);
    return code;
  }

  /** Gives tokens for what a client shows, or the error of OAuth (RFC 6749 section 5.2). */
  grant(parameters: URLSearchParams): object {
    switch (parameters.get('grant_type')) {
      case 'authorization_code':
        return this.#byCode(parameters);
      case 'refresh_token':
        return this.#byRefreshToken(parameters.get('refresh_token') ?? '');
      default:
        return { error: 'unsupported_grant_type' };
    }
  }

  #byCode(parameters: URLSearchParams): object {
    const code = parameters.get('code') ?? '';
    const grant = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash('sha256')
      .update(parameters.get('code_verifier') ?? '')
      .digest('base64url');
    if (grant?.challenge !== challenge || grant.redirectUri !== parameters.get('redirect_uri')) {
      return { error: 'invalid_grant' };
    }
    return this.#tokens(grant.user, grant.nonce);
  }

  #byRefreshToken(token: string): object {
    const user = this.#refreshTokens.get(token);
    this.#refreshTokens.delete(token);
    return user === undefined ? { error: 'invalid_grant' } : this.#tokens(user, undefined);
  }

  #tokens(user: string, nonce: string | undefined): object {
    const { clientId, users, ttl } = this.#options;
    const now = Math.floor(Date.now() / 1000);
    const claims = { ...users[user], iss: this.issuer, aud: clientId, sub: user, iat: now, exp: now + ttl, nonce };
    const refreshToken = randomBytes(16).toString('base64url');
    this.#refreshTokens.set(refreshToken, user);
    const { idToken = same, response = same } = this.alterations;
    return response({
      access_token: randomBytes(16).toString('base64url'),
      token_type: 'Bearer',
      expires_in: ttl,
      refresh_token: refreshToken,
      id_token: jwt(idToken(claims)),
    });
  }
}

function same<T>(value: T): T {
  return value;
}

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: KID })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}
