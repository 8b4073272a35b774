/** A certificate with its key. */
export interface SecretIr {
  /** "<namespace>/<name>". */
  readonly name: string;
  /** PEM. */
  readonly certificateChain: string;
  /** PEM. Never shown. */
  readonly privateKey: string;
}
