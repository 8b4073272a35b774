/** Whether changes that another site asks for are refused. */
export interface CsrfIr {
  /** From where changes may be asked for besides the host itself: host and port, `*` stands for any text. */
  readonly additionalOrigins: readonly string[];
  /** How many of a million requests are refused; what is left is only counted. */
  readonly enforcedMillionths: number;
}
