/** JWT authentication of one route (RFC 7519). */
export interface JwtIr {
  readonly providers: readonly JwtProviderIr[];
  /** Whether a request without a token passes. */
  readonly optional: boolean;
  /** Whether a request without a good one passes. */
  readonly failOpen: boolean;
}

/** Who issues tokens, and how they are told to be good. */
export interface JwtProviderIr {
  readonly name: string;
  readonly issuer: string | undefined;
  readonly audiences: readonly string[];
  readonly keys: readonly JwtKeyIr[];
  /** What the set is called that the keys were fetched with, in reports of keys that it has not. */
  readonly keySet?: string;
  readonly claimToHeaders: readonly { readonly claim: readonly string[]; readonly header: string }[];
  /** Whether headers that its claims fill may lead a request to another route. */
  readonly recomputesRoute?: true;
  /** Where a token is looked for, in order. */
  readonly sources: readonly TokenSourceIr[];
}

/** A place in a request that may hold a token. */
export type TokenSourceIr =
  /** The value after `prefix` of the header `name` (lower case). */
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'cookie'; readonly name: string }
  /** A query parameter. */
  | { readonly kind: 'query'; readonly name: string };

/** JWS algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1): Envoy checks RS and ES, the sidecar PS and EdDSA. */
export type JwtAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'EdDSA';

/** A public key (RFC 7517) that may be used with one algorithm. */
export interface JwtKeyIr {
  readonly kid: string | undefined;
  readonly algorithm: JwtAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
}
