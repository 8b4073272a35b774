import type { AddressBlockIr, AutomatonIr, PathConditionIr } from './match.ts';

/** How many requests may come in a time. All limits that apply to a request must have something left for it. */
export interface RateLimitIr {
  /** Counted by every proxy for itself, in token buckets. */
  readonly local: readonly LimitIr[];
  /** Counted for all proxies together, in windows. */
  readonly global: readonly LimitIr[];
  /** How long a request waits to be counted; a second where nothing is said. Milliseconds. */
  readonly timeout: number | undefined;
}

/** So many requests in a window, of those that all selectors match. */
export interface LimitIr {
  /** What is counted: a limit of the same name goes on where an earlier one stopped. */
  readonly name: string;
  /** Whether all routes with the limit are counted together. */
  readonly shared: boolean;
  readonly selectors: readonly SelectorIr[];
  /** Whether it is for requests only that no other local limit with selectors applies to. */
  readonly otherwise: boolean;
  readonly requests: number;
  /** Seconds. */
  readonly window: number;
  /** How much a worker takes at a time for requests to come. */
  readonly lease: number;
  readonly cost: CostIr | undefined;
  /** Whether it counts and refuses nothing. */
  readonly shadow: boolean;
  /** Whether answers tell about it; where it does not say so itself, they do unless the listener says that they do not. */
  readonly headers: boolean | undefined;
  /** Whether requests pass that cannot be counted. */
  readonly open: boolean;
}

/** What a request takes; 1 where nothing is said. */
export type CostIr =
  | { readonly kind: 'number'; readonly number: number }
  /** A number of the request's dynamic metadata. */
  | { readonly kind: 'metadata'; readonly namespace: string; readonly key: string };

/** Which requests a limit is about; each value of what is distinct has a counter of its own. */
export type SelectorIr =
  /** A header by its name as it is handed over to filters. */
  | { readonly kind: 'header' | 'query'; readonly name: string; readonly test: ValueTestIr }
  /** One of the methods; inverted every other. */
  | { readonly kind: 'method'; readonly methods: readonly string[]; readonly invert: boolean }
  | { readonly kind: 'path'; readonly path: PathConditionIr }
  /** An address in the block; inverted every other. */
  | { readonly kind: 'address'; readonly block: AddressBlockIr; readonly invert: boolean; readonly distinct: boolean };

/** What a value is compared with; inverted it matches what it would not match otherwise. */
export type ValueTestIr =
  | { readonly kind: 'exact'; readonly value: string; readonly invert: boolean }
  | { readonly kind: 'regex'; readonly automaton: AutomatonIr; readonly invert: boolean }
  | { readonly kind: 'distinct' };
