/** JWT authentication of one route (RFC 7519). */
export interface JwtIr {
  readonly providers: readonly JwtProviderIr[];
  /** Whether a request without a token passes. */
  readonly optional: boolean;
}

/** Who issues tokens, and how they are told to be good. */
export interface JwtProviderIr {
  readonly name: string;
  readonly issuer: string | undefined;
  readonly audiences: readonly string[];
  readonly keys: readonly JwtKeyIr[];
  readonly claimToHeaders: readonly { readonly claim: readonly string[]; readonly header: string }[];
}

/** JWS algorithms that Envoy's verify_signature can check (RFC 7518 section 3.1). */
export type JwtAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512';

/** A public key (RFC 7517) that may be used with one algorithm. */
export interface JwtKeyIr {
  readonly kid: string | undefined;
  readonly algorithm: JwtAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
}
