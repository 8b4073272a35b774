/** How a back-end is spoken to by TLS: part of the cluster's name, save for the certificates, which go by name (SDS). */
export interface UpstreamTlsIr {
  readonly trust: TrustedIr;
  /** The server name (SNI); `undefined` for the host that the request asks for. */
  readonly sni: string | undefined;
  /** Whether the server name is that of the endpoint instead. */
  readonly sniOfEndpoint?: true;
  /** Names of which the back-end's certificate must have one; where none are given, the server name. */
  readonly subjectAltNames: readonly SubjectAltNameIr[];
  /** Name of the certificate that is shown to the back-end, in `ProxyIr.secrets`. */
  readonly clientCertificate?: string;
  readonly parameters?: TlsParametersIr;
}

/** Who may sign the back-end's certificate. */
export type TrustedIr =
  | TrustBundleIr
  /** Those that the machine trusts. */
  | { readonly kind: 'system' }
  /** Nobody is asked who they are. */
  | { readonly kind: 'unverified' };

/** Those of a secret in `ProxyIr.secrets`, which is made of objects. */
export interface TrustBundleIr {
  readonly kind: 'bundle';
  readonly name: string;
  readonly sources: readonly TrustSourceIr[];
}

/** An object that holds certificates of authorities. */
export interface TrustSourceIr {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
}

/** A name in a certificate. */
export interface SubjectAltNameIr {
  readonly kind: 'dns' | 'uri';
  readonly value: string;
}

/** What is negotiated; absent where Envoy's default does. */
export interface TlsParametersIr {
  readonly minVersion?: TlsVersionIr;
  readonly maxVersion?: TlsVersionIr;
  /** Names of BoringSSL; for versions below 1.3. */
  readonly ciphers?: readonly string[];
  readonly curves?: readonly string[];
  readonly signatureAlgorithms?: readonly string[];
  /** Empty for no ALPN. */
  readonly alpn?: readonly string[];
}

/** A version of TLS. */
export type TlsVersionIr = '1.0' | '1.1' | '1.2' | '1.3';
