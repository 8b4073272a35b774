/** Who may pass by a name and a password (RFC 7617). */
export interface BasicAuthIr {
  /** "<namespace>/<name>" of the Secret with them. */
  readonly secret: string;
  /** "<name>:{SHA}<digest>" each, one name once. Never shown. */
  readonly users: readonly string[];
  /** The header in which the back-end gets the name; lower case. */
  readonly forwardHeader: string | undefined;
}

/** Who may pass by a key. */
export interface ApiKeyAuthIr {
  /** "<namespace>/<name>" of each of the Secrets with them. */
  readonly secrets: readonly string[];
  /** No client and no key is there twice. Keys are never shown. */
  readonly clients: readonly { readonly client: string; readonly apiKey: string }[];
  /** Where a key is looked for, in order. */
  readonly sources: readonly { readonly kind: 'header' | 'query' | 'cookie'; readonly name: string }[];
  /** The header in which the back-end gets the client; lower case. */
  readonly forwardHeader: string | undefined;
  /** Whether the back-end gets no key. */
  readonly hidesKey: boolean;
}
