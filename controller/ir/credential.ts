/** A header with a secret that is put into requests to a back-end. */
export interface CredentialIr {
  /** "credential/<namespace>/<name>" of the Secret: of the secret in xDS, where alone its value is. */
  readonly secret: string;
  /** Never shown. */
  readonly secretValue: Uint8Array;
  /** Lower case. */
  readonly header: string;
  /** Whether it takes the place of what the client sent. */
  readonly overwrites: boolean;
}
