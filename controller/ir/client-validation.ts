import type { TrustBundleIr } from './upstream-tls.ts';

/** What clients' certificates have to be. */
export interface ClientValidationIr {
  /** Who may sign them; `undefined` where that does not matter. */
  readonly trust: TrustBundleIr | undefined;
  /** Whether a connection without a certificate is refused. */
  readonly required: boolean;
  /** Whether one that nobody trusted has signed is taken as if it were none; what it says is not to be relied on. */
  readonly takesUntrusted: boolean;
  /** Base64 of SHA-256 of the public key; one of them has to be. */
  readonly spkiHashes?: readonly string[];
  /** Hexadecimal of SHA-256 of the certificate; one of them has to be. */
  readonly certificateHashes?: readonly string[];
  /** Names of which the certificate must have one. */
  readonly subjectAltNames?: readonly ClientNameIr[];
  readonly takesExpired?: true;
  readonly revocations?: RevocationsIr;
}

/** Which certificates count no more. */
export interface RevocationsIr {
  /** PEM; of every authority whose certificates are looked at. */
  readonly lists: string;
  /** Whether only the client's own certificate is looked at, and not those of the authorities between. */
  readonly leafOnly: boolean;
}

/** A comparison of a name in a certificate. */
export type ClientNameIr = NameComparison &
  (
    | { readonly type: 'dns' | 'email' | 'ip' | 'uri' }
    /** `oid` says of which sort. */
    | { readonly type: 'other'; readonly oid: string }
  );

interface NameComparison {
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'regex';
  readonly value: string;
}
