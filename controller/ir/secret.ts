/** What proxies get by SDS. */
export type SecretIr = CertificateIr | TrustIr | SystemTrustIr;

/** A certificate with its key. */
export interface CertificateIr {
  readonly kind: 'certificate';
  /** "<namespace>/<name>". */
  readonly name: string;
  /** PEM. */
  readonly certificateChain: string;
  /** PEM. Never shown. */
  readonly privateKey: string;
  /** The DNS names that it is for, in lower case: "www.example.com", or "*.example.com" for one more label. */
  readonly hostnames: readonly string[];
}

/** Authorities whose signatures count. */
export interface TrustIr {
  readonly kind: 'trust';
  readonly name: string;
  /** PEM. */
  readonly certificates: string;
}

/** Name of the secret with the authorities that the machine of the proxy trusts. */
export const SYSTEM_TRUST = 'ca/system';

/** The authorities that the machine of the proxy trusts. */
export interface SystemTrustIr {
  readonly kind: 'systemTrust';
  readonly name: typeof SYSTEM_TRUST;
  /** A file of certificates in PEM, as the proxy sees it. */
  readonly path: string;
}
