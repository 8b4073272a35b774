/** Changes of the headers of requests and responses by what the request, its token or its session says. */
export interface HeaderRewriteIr {
  readonly request: RewritesIr;
  readonly response: RewritesIr;
}

/** Set, then add, then remove. No name is in two lists but in `set` and `add`, nor twice in `set`. Names are lower case. */
export interface RewritesIr {
  readonly set: readonly RewriteHeaderIr[];
  readonly add: readonly RewriteHeaderIr[];
  readonly remove: readonly string[];
}

/** A header and its value: the first source that has one, after the prefix; else `value`. */
export interface RewriteHeaderIr {
  readonly name: string;
  /** Empty for none where there are sources. */
  readonly value: string;
  readonly from: readonly ValueSourceIr[];
  readonly prefix: string;
}

/** Where a value comes from. */
export type ValueSourceIr =
  /** A header by its name as it is handed over to filters. */
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  /** The client's. */
  | { readonly kind: 'address' }
  /** Of the token that was accepted, and of the session: names from the outermost to the one that is meant. */
  | { readonly kind: 'claim' | 'session'; readonly path: readonly string[] };
