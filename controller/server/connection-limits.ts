/** How the connections of proxies and their sidecars are bounded. */
export interface ConnectionLimits {
  /**
   * A connection is asked to go after so many milliseconds, up to ten per cent more or less: many do not come again at once.
   * `undefined` for never.
   */
  readonly age: number | undefined;
  /** It is ended so many milliseconds after that. */
  readonly grace: number;
  /** The largest message that a client may send, in bytes. */
  readonly message: number;
}

/** The bounds where nobody says others. A reconnect lists the version of every resource that the client has. */
export const CONNECTION_LIMITS: ConnectionLimits = { age: undefined, grace: 120_000, message: 64 * 1024 * 1024 };
