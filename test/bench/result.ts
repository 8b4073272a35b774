import { round } from './statistics.ts';

/** One line of the benchmark's tables, as `results.json` has it. */
export interface Result {
  /** Part, what and workload: `c/edit/i`. With `n` it is unique. */
  readonly id: string;
  /** What was measured, with its unit. */
  readonly case: string;
  /** Number of HTTPRoutes that are there. */
  readonly n: number;
  readonly ours: number;
  /** What `ours` is held against, in the same unit; null where it stands alone. */
  readonly reference: number | null;
  /** `ours / reference`. */
  readonly ratio: number | null;
  /** Least and greatest of the measurements of `ours`, and of `reference` where there are several. */
  readonly spread: string;
  /** In words; null where there is none. */
  readonly target: string | null;
  /** Null where there is no target. */
  readonly met: boolean | null;
}

/** What a measurement is before ratio and verdict are made of it. */
export interface Measured {
  readonly id: string;
  readonly case: string;
  readonly n: number;
  readonly ours: number;
  readonly reference?: number | undefined;
  readonly spread?: string;
  /** What is accepted, of the ratio or of the value itself. */
  readonly target?: Limit | undefined;
}

/** The most, or the least, that a target accepts. */
export type Limit = {
  readonly of: 'ratio' | 'value';
  readonly words: string;
} & ({ readonly most: number } | { readonly least: number });

/** Makes the line of a measurement. A target on a number that could not be had is not met. */
export function result({ id, case: title, n, ours, reference, spread, target }: Measured): Result {
  const ratio = reference === undefined ? undefined : ours / reference;
  const held = target?.of === 'ratio' ? ratio : ours;
  return {
    id,
    case: title,
    n,
    ours: round(ours),
    reference: reference === undefined ? null : round(reference),
    ratio: ratio === undefined ? null : round(ratio),
    spread: spread ?? '',
    target: target?.words ?? null,
    met: target === undefined ? null : held !== undefined && isWithin(held, target),
  };
}

function isWithin(value: number, limit: Limit): boolean {
  return 'most' in limit ? value <= limit.most : value >= limit.least;
}
