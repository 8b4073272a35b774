/** The middle of some numbers, or the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The least and the greatest of some numbers, to tell how far a median can be trusted: "12 to 19". */
export function spreadOf(values: readonly number[]): string {
  return values.length === 0 ? '' : `${round(Math.min(...values))} to ${round(Math.max(...values))}`;
}

/** A number with as many digits as a measurement deserves: three, and none after the point from 100 on. */
export function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
