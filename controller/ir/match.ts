/** What several features compare in a request. */

/** A block of addresses: 4 or 16 bytes, those beyond the prefix zero. */
export interface AddressBlockIr {
  readonly network: Uint8Array;
  readonly prefixLength: number;
}

/** A comparison of the path, normalised and without the query, that filters make. */
export interface PathConditionIr {
  readonly match: PathTestIr;
  /** Whether it is to match what it would not match otherwise. */
  readonly invert: boolean;
}

/** What a path is compared with. */
export type PathTestIr =
  | { readonly kind: 'exact'; readonly value: string }
  /** Whole path elements, without a trailing slash; empty for every path. */
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly automaton: AutomatonIr };

/** A regular expression that matches whole texts, as a table: see `controller/regex/automaton.ts`. */
export interface AutomatonIr {
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly classCount: number;
  readonly next: Uint16Array<ArrayBuffer>;
  readonly accepting: readonly boolean[];
}
